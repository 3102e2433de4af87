import type { Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { postChat, readStream } from '../support/read.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { END, token } from '../support/talk.ts'
import { ok, type RawServer, startRaw } from '../unit/transport/http1/raw-server.ts'

/** What a server does that gets a chat, below what HTTP allows. */
interface RawFault {
  name: string
  /** `isGone`: whether the connection has been closed. */
  answer(socket: Socket, isGone: () => boolean): unknown
  outcome: 'finished' | 'failed'
  code?: string
  /** Characters of the request, 100 by default. */
  length?: number
  /** The server reads the first packet of the request alone, and answers then. */
  isDeaf?: boolean
  /** The runtime's own client reads it otherwise. */
  except?: HostName
}

const EVENT_STREAM = 'content-type: text/event-stream\r\n'
const CHUNKED = `HTTP/1.1 200 OK\r\n${EVENT_STREAM}transfer-encoding: chunked\r\n\r\n`
const SAID = token() + END
const whole = ok(SAID, EVENT_STREAM)
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
const said = `${CHUNKED}${chunk(SAID)}0\r\n`

/** Writes a byte every few milliseconds. */
function drip(socket: Socket, text: string, isGone: () => boolean): void {
  let at = 0
  const timer = setInterval(() => {
    if (isGone() || at === text.length) clearInterval(timer)
    else socket.write(text.charAt(at++))
  }, 20)
}

const FAULTS: RawFault[] = [
  {
    name: 'drips its head',
    answer: (socket, isGone) =>
      drip(socket, `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(500)}`, isGone),
    outcome: 'failed',
    code: 'answer_timeout',
  },
  {
    name: 'drips interim answers',
    answer: (socket, isGone) => drip(socket, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100), isGone),
    outcome: 'failed',
    code: 'answer_timeout',
  },
  {
    name: 'sends interim answers without an end',
    answer: (socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(20_000)),
    outcome: 'failed',
    except: 'workerd',
  },
  {
    name: 'sends a head of a megabyte',
    answer: (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`),
    outcome: 'failed',
  },
  {
    name: 'never reads the request',
    answer: () => {},
    isDeaf: true,
    length: 4_000_000,
    outcome: 'failed',
    code: 'answer_timeout',
  },
  {
    name: 'answers before it has read the request',
    answer: (socket) => socket.write(whole),
    isDeaf: true,
    length: 4_000_000,
    outcome: 'finished',
    // The runtime's own client may send the next request on this connection, which is not read.
    except: 'workerd',
  },
  {
    name: 'closes its sending half without an answer',
    answer: (socket) => socket.end(),
    outcome: 'failed',
  },
  {
    name: 'ends lines with LF alone',
    answer: (socket) => socket.write(`${said.replaceAll('\r\n', '\n')}\n`),
    outcome: 'failed',
    except: 'workerd',
  },
  {
    name: 'ends the lines of its head with LF alone',
    answer: (socket) => socket.write(whole.replaceAll('\r\n', '\n')),
    outcome: 'finished',
  },
  {
    name: 'ends the head of HTTP/1.0 with LF, and the answer with the connection',
    answer: (socket) => socket.end(`HTTP/1.0 200 OK\n${EVENT_STREAM.trim()}\n\n${SAID}`),
    outcome: 'finished',
  },
  {
    name: 'pads the sizes of its chunks with blanks',
    answer: (socket) =>
      socket.write(`${CHUNKED}${SAID.length.toString(16)}   \r\n${SAID}\r\n0   \r\n\r\n`),
    outcome: 'finished',
    // The runtime's own client refuses it.
    except: 'workerd',
  },
  {
    name: 'repeats its length',
    answer: (socket) =>
      socket.write(whole.replace('\r\n\r\n', `\r\ncontent-length: ${SAID.length}\r\n\r\n`)),
    outcome: 'finished',
    except: 'workerd',
  },
  {
    name: 'speaks something other than HTTP',
    answer: (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n\r\n'),
    outcome: 'failed',
    code: 'upstream_invalid',
    except: 'workerd',
  },
  {
    name: 'sends trailers of a megabyte',
    answer: (socket) => socket.write(`${said}${'x: y\r\n'.repeat(170_000)}\r\n`),
    outcome: 'finished',
  },
  {
    name: 'sends every byte in a chunk of its own',
    answer: (socket) => {
      const text = token('x'.repeat(100_000)) + END
      socket.write(`${CHUNKED}${[...text].map(chunk).join('')}0\r\n\r\n`)
    },
    outcome: 'finished',
  },
  {
    name: 'sends another answer behind the first',
    answer: (socket) => socket.write(whole + ok(token('forged') + END, EVENT_STREAM)),
    outcome: 'finished',
  },
]

/** A server that speaks HTTP badly or slowly: its requests end, and others go on as before. */
export function rawUpstreams(host: HostName): void {
  let fault: RawFault | undefined
  let upstream: RawServer | undefined
  const server = useServerWith(host, async () => {
    const answer = (socket: Socket, request: string) => {
      const peer = upstream?.peers.find((each) => each.socket === socket)
      if (request.startsWith('GET')) socket.write(models)
      else if (request.includes('fine')) socket.write(whole)
      else fault?.answer(socket, () => peer?.isClosed === true)
    }
    // Not before a part of the request has come: bytes that precede it are no answer to it.
    const begin = (socket: Socket, packet: string) => {
      if (!fault?.isDeaf || !/^POST .*\bcontent-length: \d{7}\b/is.test(packet)) return
      socket.pause()
      fault.answer(socket, () => false)
    }
    upstream = await startRaw(answer, '127.0.0.1', begin)
    const { url } = upstream
    const flags = ['--answer-timeout', '2s', '--header-wait', '10s', '--no-retry']
    return { flags: ['--upstream', `gpu=${url}/v1`, ...flags] }
  })
  afterAll(() => upstream?.close())

  const ask = (content: string) =>
    postChat(server.base, { model: 'm', stream: true, messages: [{ role: 'user', content }] })

  async function spoken(response: Response): Promise<string> {
    const read = await readStream(response)
    return `${read.outcome}: ${read.text.length > 10 ? read.text.length : read.text}`
  }

  describe('an upstream that', () => {
    it.each(FAULTS.filter(({ except }) => except !== host))('$name', async (each) => {
      fault = each
      await judge(each)
      // The next answer is its own, whatever came behind the one before.
      expect(await spoken(await ask('fine'))).toBe('finished: tok')
    })
  })

  async function judge({ length = 100, outcome, code }: RawFault): Promise<void> {
    const response = await ask('x'.repeat(length))
    if (outcome === 'finished') expect(await spoken(response)).toMatch(/^finished: /)
    else expect(response.status).toBeGreaterThanOrEqual(500)
    if (code) expect(await response.json()).toMatchObject({ error: { code } })
    else if (!response.bodyUsed) await response.body?.cancel()
  }
}

const list = JSON.stringify({ object: 'list', data: [{ id: 'm' }] })
const models = ok(list, 'content-type: application/json\r\n')
