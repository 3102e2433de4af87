import { Agent, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { socketFetch } from '../../../../src/transport/http1/fetch.ts'
import { FRAMING } from './framing-cases.ts'
import { dial, ok, type RawServer, startRaw, textOf } from './raw-server.ts'

/** Asks a server twice, one request after the other: a status and a body each, or `refused`. */
type Client = (url: string) => Promise<string>

interface Verdict {
  answers: string[]
  /** How many connections the two requests took. */
  connections: number
}

const refused = 'refused'

/** Node's client takes the body as it comes: here a coding that can't be undone is refused. */
const codings = Object.fromEntries(
  [
    ...['twice', 'twice in a list', 'after gzip', 'gzip alone', 'after gzip in a field before'],
    ...['identity', 'identity, then chunked', 'a comma after it', 'a comma before it'],
    ...['before gzip', 'chunked, then identity', 'a parameter', 'in quotes', 'a letter more'],
  ].map((name) => [name, refused]),
)

/** What is judged otherwise than by Node's client, and deliberately so. */
const DIFFERENCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Servers send none, or short ones: Node allows 16 KiB.
  'a chunk size with': { 'an extension of 5,000 bytes': refused },
  // Whoever answers so does not speak HTTP/1.1.
  'a status line:': {
    'HTTP/0.9': refused,
    'HTTP/2.0': refused,
    'an empty line before it': refused,
    'a bare LF before it': refused,
    'three empty lines before it': refused,
    'status 000': refused,
    'status 099': refused,
  },
  // Some servers quote a model's name or a prompt in a header, which must not cost its answer.
  'header fields:': {
    'a control character in a value': '200 hello',
    'DEL in a value': '200 hello',
  },
  // The answer is whole: what follows is not read, and the connection is closed. Node's client refuses
  // the answer if the rest came in the same packet, and accepts it otherwise.
  'content-length:': { 'less than comes': '200 hell' },
  'transfer-encoding:': codings,
  'an answer without a body:': {
    '204 with a body': '204 ',
    '204 with chunks': '204 ',
    '304 with a body': '304 ',
  },
  'after an answer:': {
    'a byte': '200 hello',
    'an answer after close': '200 hello',
    'an answer after 304': '304 ',
  },
}

/**
 * What Node's client refuses, though hand-written servers send it and most other clients accept it. It is
 * read, and its connection is not used again: so it can't be taken for two answers.
 */
const IRREGULAR: Readonly<Record<string, readonly string[]>> = {
  'a chunk size with': [
    ...['an extension without a name', 'a space before an extension', 'a tab before an extension'],
    ...['a space in an extension', 'spaces around the equals sign', 'a space after it'],
    'a tab after it',
  ],
  'trailers:': ['content-length', 'transfer-encoding'],
  'a status line:': ['a bare LF at its end'],
  'header fields:': [
    ...['a bare LF after one', 'a bare LF at the end of the head'],
    'two bare LFs at the end of the head',
  ],
  'content-length:': ['a list of the same', 'the same twice'],
  'transfer-encoding:': ['with a length before it', 'with a length after it'],
}

describe.each(Object.entries(FRAMING))('%s', (title, cases) => {
  const verdicts = new Map<string, { ours: Verdict; nodes: Verdict }>()
  beforeAll(async () => {
    const judge = async ([name, answer]: [string, string]) => {
      const [own, its] = await Promise.all([ask(ours(), answer), ask(nodes(), answer)])
      verdicts.set(name, { ours: own, nodes: its })
    }
    await Promise.all(Object.entries(cases).map(judge))
  })

  it.each(Object.keys(cases))('%s', (name) => {
    const { ours, nodes } = verdicts.get(name) ?? {}
    if (IRREGULAR[title]?.includes(name)) {
      expect(ours).toEqual({ answers: ['200 hello', '200 fine'], connections: 2 })
      expect(nodes).not.toEqual(ours)
      return
    }
    const other = DIFFERENCES[title]?.[name]
    expect(ours?.answers).toEqual(other ? [other, '200 fine'] : nodes?.answers)
    // What is not different any more does not belong among the differences.
    if (other) expect(ours?.answers).not.toEqual(nodes?.answers)
  })
})

/** The server gives the answer on its first connection, and ends that; `ok` on later ones. */
async function ask(client: Client, answer: string): Promise<Verdict> {
  let isAnswered = false
  const server: RawServer = await startRaw((socket) => {
    if (server.requests.length > 1) socket.write(ok('fine'))
    else {
      socket.write(Buffer.from(answer, 'latin1'))
      void endUnless(() => isAnswered, socket)
    }
  })
  try {
    const first = await client(server.url)
    isAnswered = true
    return { answers: [first, await client(server.url)], connections: server.peers.length }
  } finally {
    await server.close()
  }
}

/** Some answers are complete only with the end of their connection. */
async function endUnless(isAnswered: () => boolean, socket: Socket): Promise<void> {
  // Many short waits: one long one would pass while a busy process reads nothing.
  for (let wait = 0; wait < 20; wait++) await sleep(10)
  if (!isAnswered()) socket.end()
}

function ours(): Client {
  const fetch = socketFetch(dial)
  return async (url) => {
    try {
      const response = await fetch(url, {})
      return `${response.status} ${shown(await textOf(response))}`
    } catch {
      return 'refused'
    }
  }
}

function nodes(): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return (url) =>
    new Promise((resolve) => {
      const refuse = () => resolve('refused')
      const read = (response: IncomingMessage) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => {
          body += text
        })
        response.on('error', refuse)
        response.on('end', () => resolve(`${response.statusCode} ${shown(body)}`))
      }
      request(url, { agent }, read).on('error', refuse).on('upgrade', refuse).end()
    })
}

function shown(body: string): string {
  return body.length > 300 ? `${body.length} characters` : body
}
