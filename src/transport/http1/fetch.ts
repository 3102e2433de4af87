/**
 * `fetch` over a host's sockets, for `http:` only. A token that passes through costs a fraction of
 * what it costs through the host's own `fetch` and its streams.
 */
import { piecesOf } from '../../platform/body-pieces.ts'
import { type Fetch, type FetchInit, StaleConnection, Unsendable } from '../../platform/fetch.ts'
import { joinSmall } from '../../util/bytes.ts'
import { Connection, type SocketResponse } from './connection.ts'
import { decompressed } from './decompress.ts'
import type { Dial, Socket } from './socket.ts'
import { UrlCache } from './url-cache.ts'

const encoder = new TextEncoder()
const NEVER_ABORTS = new AbortController().signal

/**
 * Milliseconds for which a POST uses new connections after a used one has closed unanswered. So what
 * is sent again has a new one, and a server that always closes at the second request is asked twice
 * only once in this time.
 */
const NEW_ONLY = 60_000

/** The connections to one server. */
interface Server {
  /** Idle connections, the most recently used last, which is reused first. */
  idle: Connection[]
  /** Until when a POST uses new connections. */
  newOnlyUntil: number
}

/** By host and port. */
type Servers = Map<string, Server>

/**
 * Creates a `fetch`. It rejects where the server can't be reached or sends no valid HTTP/1.1, or
 * with the signal's reason. It does not follow redirects. `copied`: parts of a packet with so many bytes at most
 * are copied. All others are views of it, which V8 makes in a tenth of the time.
 */
export function socketFetch(dial: Dial, copied = 0): Fetch {
  const servers: Servers = new Map()
  const addresses = new UrlCache()
  return async (address, init) => {
    const url = addresses.parse(address)
    const signal = init.signal ?? NEVER_ABORTS
    signal.throwIfAborted()
    const request = requestBytes(url, init)
    const server = serverOf(servers, url)
    const idle = init.once ? undefined : takeIdle(server, init.method)
    const answered = idle && (await sendOnIdle(idle, server, request, signal, init.method))
    if (answered !== undefined) return decompressed(answered)
    const connection = await connect(dial, url, server, signal, copied)
    return decompressed(await connection.send(request, signal, init.method === 'HEAD'))
  }
}

function serverOf(servers: Servers, { host }: URL): Server {
  let server = servers.get(host)
  if (server === undefined) {
    server = { idle: [], newOnlyUntil: 0 }
    servers.set(host, server)
  }
  return server
}

/** The idle connection to use, if there is one. */
function takeIdle(server: Server, method: FetchInit['method']): Connection | undefined {
  const now = performance.now()
  if (method === 'POST' && now < server.newOnlyUntil) return undefined
  for (;;) {
    const connection = server.idle.pop()
    if (!connection?.isExpired(now)) return connection
    // A timer closes idle connections, but it fires late while the process is busy.
    connection.destroy()
  }
}

/**
 * Sends a request on an idle connection; undefined where that closed unanswered and the request may be
 * sent again. A POST may not: the server can have read it and begun to generate (RFC 9110 §9.2.2;
 * undici, Go and nginx send none again either). Whoever asked decides what follows.
 */
async function sendOnIdle(
  connection: Connection,
  server: Server,
  request: readonly Uint8Array<ArrayBuffer>[],
  signal: AbortSignal,
  method: FetchInit['method'],
): Promise<SocketResponse | undefined> {
  try {
    return await connection.send(request, signal, method === 'HEAD')
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error
    server.newOnlyUntil = performance.now() + NEW_ONLY
    // What made it stale, such as a restart, has probably made the others stale as well.
    for (const other of [...server.idle]) other.destroy()
    if (method !== 'POST') return undefined
    throw error
  }
}

async function connect(
  dial: Dial,
  url: URL,
  { idle }: Server,
  signal: AbortSignal,
  copied: number,
) {
  const connection = new Connection(copied)
  connection.onIdle = () => idle.push(connection)
  connection.onClose = () => {
    const at = idle.indexOf(connection)
    if (at !== -1) idle.splice(at, 1)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const dialled = dial(host, Number(url.port || 80), connection)
  connection.socket = await socketOrAbort(dialled, signal)
  return connection
}

/** The socket, unless the signal aborts first: then a socket that still connects is closed. */
async function socketOrAbort(dialled: Promise<Socket>, signal: AbortSignal): Promise<Socket> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => {
    reject(signal.reason)
    dialled.then(
      (socket) => socket.destroy(),
      () => {},
    )
  }
  signal.addEventListener('abort', abort)
  // It may have aborted while an idle connection was tried.
  if (signal.aborted) abort()
  try {
    return await Promise.race([dialled, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/**
 * The request in pieces: a large body is not copied. Throws an `Unsendable` for a header value that could
 * break out of its line.
 */
function requestBytes({ pathname, search, host }: URL, init: FetchInit): Uint8Array<ArrayBuffer>[] {
  const { method = 'GET', headers = {} } = init
  const body = bodyOf(init)
  // A compressed response would have to be decompressed before its events can be read.
  const lines = [
    `${method} ${pathname}${search} HTTP/1.1`,
    `host: ${host}`,
    'accept-encoding: identity',
  ]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${headerValue(value)}`)
  if (body === undefined) return [encoder.encode(`${lines.join('\r\n')}\r\n\r\n`)]
  const length = body.reduce((sum, piece) => sum + piece.length, 0)
  const head = encoder.encode(`${lines.join('\r\n')}\r\ncontent-length: ${length}\r\n\r\n`)
  return joinSmall([head, ...body])
}

function bodyOf(init: FetchInit): readonly Uint8Array<ArrayBuffer>[] | undefined {
  const pieces = piecesOf(init)
  if (pieces !== undefined) return pieces
  const { body } = init
  return body === undefined ? undefined : [typeof body === 'string' ? encoder.encode(body) : body]
}

function headerValue(value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value
  throw new Unsendable('a header value has characters other than printable ASCII; remove them')
}
