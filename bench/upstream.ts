/**
 * A scripted upstream that takes hardly any processor time: it sends bytes that were made in advance,
 * over raw TCP. Run it alone with `bun bench/upstream.ts PORT`, to profile a program in front of it.
 */
import type { Socket } from 'bun'
import { now, writeSeconds, writeStamp } from './clock.ts'
import { MODEL, readScript, type Script } from './script.ts'
import { BLOCK, makeTemplate, type Shape, shapes, type Template } from './shapes.ts'

/** What was sent for one request. */
export interface Answer {
  /** Tokens handed to the socket. */
  sent: number
  /** When the connection closed, by `now`, if it closed before the end of the answer. */
  leftAt: number | undefined
}

export interface Upstream {
  port: number
  /** The answer to the script with this id; undefined where it never arrived. */
  answer(id: number): Answer | undefined
  /** Forgets all answers. */
  forget(): void
  /** Sends the tokens that are due; happens every millisecond by itself. */
  tick(): void
  stop(): void
}

interface Stream extends Answer {
  script: Script
  template: Template
  /** When the next token is due, by `now`. */
  due: number
  /** Bytes of the flood's blocks that are not yet written. */
  blocks: number
}

interface Connection {
  /** The beginning of a request that has not arrived completely, and how many of its bytes that leaves out. */
  partial: string
  skipped: number
  /** Bytes that the socket's buffer had no room for. */
  rest: Uint8Array | undefined
  stream: Stream | undefined
  /** The client asked for the connection to end with the answer. */
  closes: boolean
}

type Peer = Socket<Connection>

const templates = Object.fromEntries(shapes.map((shape) => [shape, makeTemplate(shape)])) as Record<
  Shape,
  Template
>

/** Listens on a loopback port; 0 lets the system choose one. */
export function startUpstream(port = 0): Upstream {
  const answers = new Map<number, Answer>()
  const paced = new Set<Peer>()
  const ticks = setInterval(() => tick(paced), 1)
  const server = Bun.listen<Connection>({
    hostname: '127.0.0.1',
    port,
    socket: {
      open(socket) {
        socket.data = { partial: '', skipped: 0, rest: undefined, stream: undefined, closes: false }
        socket.setNoDelay(true)
      },
      data(socket, bytes) {
        const { data } = socket
        if (data.partial.length < LONGEST_TEXT) data.partial += bytes.toString('latin1')
        else data.skipped += bytes.length
        const text = data.partial
        if (!isWhole(text, data.skipped)) return
        data.partial = ''
        data.skipped = 0
        answer(socket, text, answers, paced)
      },
      drain: onDrain,
      close(socket) {
        paced.delete(socket)
        if (socket.data.stream) socket.data.stream.leftAt = now()
      },
      error() {},
    },
  })
  return {
    port: server.port,
    answer: (id) => answers.get(id),
    forget: () => answers.clear(),
    tick: () => tick(paced),
    stop() {
      clearInterval(ticks)
      server.stop(true)
    },
  }
}

/** Characters of a request beyond which its bytes are only counted: the script is at its beginning. */
const LONGEST_TEXT = 65_536

function isWhole(text: string, skipped: number): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  const head = text.slice(0, end)
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
  if (length !== undefined) return text.length + skipped >= end + 4 + Number(length)
  return !/\r\ntransfer-encoding: *chunked/i.test(head) || text.endsWith('0\r\n\r\n')
}

function answer(socket: Peer, text: string, answers: Map<number, Answer>, paced: Set<Peer>): void {
  socket.data.closes = /\r\nconnection: *close/i.test(text)
  const script = readScript(text)
  if (script === undefined) {
    send(socket, text.startsWith('GET /v1/models ') ? models : notFound)
    if (socket.data.closes) socket.end()
    return
  }
  const template = templates[script.shape]
  const blocks = (script.tokens / BLOCK) * template.block.length
  const stream = { script, template, sent: 0, leftAt: undefined, due: now(), blocks }
  socket.data.stream = stream
  answers.set(script.id, stream)
  if (script.kind === 'flood') {
    send(socket, template.head)
    flood(socket, stream)
    return
  }
  sendFirst(socket, stream)
  stream.due += 1e6 / script.rate
  if (script.kind === 'paced') paced.add(socket)
}

/** Headers and the first token leave together, as from a server that has them both. */
function sendFirst(socket: Peer, stream: Stream): void {
  const { head } = stream.template
  const token = stamped(stream)
  const first = new Uint8Array(head.length + token.length)
  first.set(head)
  first.set(token, head.length)
  send(socket, first)
}

/** Sends what is due. */
function tick(paced: Set<Peer>): void {
  const time = now()
  for (const socket of paced) {
    const { stream } = socket.data
    if (stream === undefined || stream.due > time) continue
    stream.due += 1e6 / stream.script.rate
    if (stream.sent < stream.script.tokens) send(socket, stamped(stream))
    else finish(socket, stream, paced)
  }
}

/** The next token, in bytes that the one after it will overwrite. */
function stamped(stream: Stream): Uint8Array {
  const { token, stampAt, createdAt } = stream.template
  const time = now()
  writeStamp(token, stampAt, time)
  if (createdAt !== -1) writeSeconds(token, createdAt, Math.floor(time / 1e6))
  stream.sent++
  return token
}

/** Writes blocks until the socket takes no more. */
function flood(socket: Peer, stream: Stream): void {
  const { block } = stream.template
  while (stream.blocks > 0 && socket.data.rest === undefined) {
    const at = (block.length - (stream.blocks % block.length)) % block.length
    const taken = socket.write(block, at, block.length - at)
    if (taken < 0) return
    stream.blocks -= taken
    if (taken < block.length - at) return
  }
  if (stream.blocks > 0 || socket.data.rest !== undefined) return
  stream.sent = stream.script.tokens
  finish(socket, stream)
}

function finish(socket: Peer, stream: Stream, paced?: Set<Peer>): void {
  paced?.delete(socket)
  socket.data.stream = undefined
  send(socket, stream.template.closing)
  if (socket.data.closes) socket.end()
}

function send(socket: Peer, bytes: Uint8Array): void {
  const { rest } = socket.data
  if (rest !== undefined) {
    socket.data.rest = Buffer.concat([rest, bytes])
    return
  }
  const taken = Math.max(socket.write(bytes), 0)
  if (taken < bytes.length) socket.data.rest = bytes.slice(taken)
}

function onDrain(socket: Peer): void {
  const { rest, stream } = socket.data
  if (rest !== undefined) {
    socket.data.rest = undefined
    send(socket, rest)
  }
  if (stream?.script.kind === 'flood') flood(socket, stream)
}

const models = json('200 OK', {
  object: 'list',
  data: [{ id: MODEL, object: 'model', created: 1_700_000_000, owned_by: 'bench' }],
})
const notFound = json('404 Not Found', { error: { message: 'No such route.', type: 'not_found' } })

function json(status: string, body: object): Uint8Array {
  const text = JSON.stringify(body)
  return new TextEncoder().encode(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  )
}

if (import.meta.main) {
  const { port } = startUpstream(Number(process.argv[2] ?? 0))
  console.log(`the scripted upstream listens at http://127.0.0.1:${port}/v1`)
}
