import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { type ChatBody, MODELS, type Model, type PersonaName } from './personas.ts'
import { play, type Scripted, type Stage } from './script.ts'
import type { Facts } from './server-facts.ts'
import { chooseScript, type Offer } from './upstream-answers.ts'
import { requestLog, withTimeout } from './upstream-log.ts'

/** One request that reached the upstream, and what became of its answer. */
export interface RecordedRequest {
  method: string
  /** Path and query, exactly as they came. */
  path: string
  headers: IncomingHttpHeaders
  /** The parsed JSON, or the text where it isn't JSON; undefined without a body. */
  body: unknown
  /** The body as it came. */
  bytes: Buffer
  /** `performance.now()` at the request's first byte read as HTTP. */
  receivedAt: number
  /** Bytes of the answer's body that the operating system has taken. */
  sentBytes: number
  /** The answer was written to its end. */
  finished: boolean
  /** This side broke the connection. */
  broken?: 'cut' | 'reset'
  /** `performance.now()` when the client hung up; undefined while it hasn't. */
  hungUpAt?: number
  /** Resolves with `hungUpAt`; for ever pending if the client never hangs up. */
  closed: Promise<number>
  /** Like `closed`, but rejects after `ms` (5,000). */
  closedWithin(ms?: number): Promise<number>
}

/** Chooses the answer to a request. */
export type Answering = (body: ChatBody) => Scripted

export interface UpstreamOptions {
  /** The server it speaks as where neither script nor model say so: `openai`. */
  persona?: PersonaName
  /** What `GET /v1/models` lists; the persona's own by default. */
  models?: Model[]
  /** The answer where a request brings no script of its own. */
  script?: Scripted | Answering
  /** The endpoint that counts a prompt's tokens, which are its words; it has none by default. */
  counts?: 'messages' | 'vllm' | 'llamaServer'
  /** The paths of forwarded APIs that it has; it has none by default. */
  passes?: readonly string[]
  /** Its answers at further paths, such as those that say more of its models; none by default. */
  facts?: Facts
  /** 127.0.0.1:0 by default. */
  port?: number
  /** Accepts connections and reads, but never answers. */
  silent?: boolean
}

export interface Upstream {
  /** The API's root: `http://127.0.0.1:PORT/v1`. */
  url: string
  port: number
  /** Every request, oldest first. */
  requests: RecordedRequest[]
  /** May be changed at any time. */
  models: Model[]
  /** The answer where a request brings no script of its own; may be changed at any time. */
  script: Scripted | Answering | undefined
  /** Connections open now. */
  connections(): number
  /**
   * The first request not yet handed out for which `matches` holds, waited for up to `ms` (5,000).
   * By default only chat requests match. Rejects when none comes.
   */
  next(matches?: (request: RecordedRequest) => boolean, ms?: number): Promise<RecordedRequest>
  /** Breaks every connection and frees the port. */
  close(): Promise<void>
}

/** Starts a server on 127.0.0.1 that speaks the OpenAI API and misbehaves on cue. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const persona = options.persona ?? 'openai'
  const log = requestLog()
  const upstream = {
    requests: log.requests,
    models: options.models ?? structuredClone(MODELS[persona]),
    script: options.script,
    counts: options.counts,
    passes: options.passes,
    facts: options.facts,
    next: log.next,
  }
  const server = options.silent
    ? createTcpServer((socket) => socket.resume().on('error', () => {}))
    : createServer((request, response) => {
        answer(request, response, upstream, persona, log.add).catch((error: unknown) => {
          // A script that can't be played is the test's own mistake: say so where it will be seen.
          console.error('The upstream could not play its script:', error)
          response.destroy()
        })
      })
  // A pooled connection closed by an idle timeout would look like a failure of the peer's.
  if ('keepAliveTimeout' in server)
    Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0 })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    connections: () => sockets.size,
    close,
  })
}

/** A port of 127.0.0.1 on which nothing listens: connections to it are refused. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  offer: Offer,
  persona: PersonaName,
  add: (record: RecordedRequest) => void,
): Promise<void> {
  const { record, stage } = observe(request, response)
  const bytes = await readBody(request)
  if (bytes === undefined) return
  record.bytes = bytes
  record.body = parse(bytes.toString())
  add(record)
  await play(chooseScript(record, offer, persona), stage)
}

/** The record of one exchange, kept true by the response's own events, and the stage to play on. */
function observe(request: IncomingMessage, response: ServerResponse) {
  const gone = new AbortController()
  const closed = Promise.withResolvers<number>()
  const record: RecordedRequest = {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: undefined,
    bytes: Buffer.alloc(0),
    receivedAt: performance.now(),
    sentBytes: 0,
    finished: false,
    closed: closed.promise,
    closedWithin: (ms = 5_000) =>
      withTimeout(closed.promise, ms, `The client did not hang up within ${ms} ms.`),
  }
  response.on('error', () => {})
  response.on('finish', () => {
    record.finished = true
  })
  response.on('close', () => {
    gone.abort()
    if (record.finished || record.broken) return
    record.hungUpAt = performance.now()
    closed.resolve(record.hungUpAt)
  })
  const stage: Stage = {
    response,
    gone: gone.signal,
    sent: (bytes) => {
      record.sentBytes += bytes
    },
    breaking: (how) => {
      record.broken = how
    },
  }
  return { record, stage }
}

/** Undefined when the client left before its request was whole. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  try {
    for await (const part of request) parts.push(part as Buffer)
  } catch {
    return undefined
  }
  return Buffer.concat(parts)
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
