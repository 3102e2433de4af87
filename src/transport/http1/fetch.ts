/**
 * `fetch` over a host's sockets, for `http:` only. A token that passes through costs a fraction of
 * what it costs through the host's own `fetch` and its streams.
 */
import { type Fetch, type FetchInit, Unsendable } from '../../platform/fetch.ts'
import { Connection, type SocketResponse, StaleConnection } from './connection.ts'
import { decompressed } from './decompress.ts'
import type { Dial, Socket } from './socket.ts'
import { UrlCache } from './url-cache.ts'

const encoder = new TextEncoder()
const NEVER_ABORTS = new AbortController().signal

/** Idle connections by host and port, the most recently used last, which is reused first. */
type Pool = Map<string, Connection[]>

/**
 * Creates a `fetch`. It rejects where the server can't be reached or sends no valid HTTP/1.1, or
 * with the signal's reason. It does not follow redirects.
 */
export function socketFetch(dial: Dial): Fetch {
  const pool: Pool = new Map()
  const addresses = new UrlCache()
  return async (address, init) => {
    const url = addresses.parse(address)
    const signal = init.signal ?? NEVER_ABORTS
    signal.throwIfAborted()
    const request = requestBytes(url, init)
    if (!init.once) return decompressed(await sendOnPooled(dial, pool, url, request, signal))
    const connection = await connect(dial, url, pool, signal)
    return decompressed(await connection.send(request, signal))
  }
}

async function sendOnPooled(
  dial: Dial,
  pool: Pool,
  url: URL,
  request: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<SocketResponse> {
  const pooled = pool.get(url.host)?.pop()
  try {
    if (pooled !== undefined) return await pooled.send(request, signal)
  } catch (error) {
    // The server closed it before it read the request, so that sending it again is safe.
    if (!(error instanceof StaleConnection)) throw error
  }
  const connection = await connect(dial, url, pool, signal)
  return connection.send(request, signal)
}

async function connect(dial: Dial, url: URL, pool: Pool, signal: AbortSignal) {
  const connection = new Connection()
  const idle = pool.get(url.host) ?? []
  pool.set(url.host, idle)
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
  try {
    return await Promise.race([dialled, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Throws an `Unsendable` for a header value that could break out of its line. */
function requestBytes({ pathname, search, host }: URL, init: FetchInit): Uint8Array<ArrayBuffer> {
  const { method = 'GET', headers = {}, body } = init
  // A compressed response would have to be decompressed before its events can be read.
  const lines = [
    `${method} ${pathname}${search} HTTP/1.1`,
    `host: ${host}`,
    'accept-encoding: identity',
  ]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${headerValue(value)}`)
  if (body === undefined) return encoder.encode(`${lines.join('\r\n')}\r\n\r\n`)
  const text = encoder.encode(body)
  const head = encoder.encode(`${lines.join('\r\n')}\r\ncontent-length: ${text.length}\r\n\r\n`)
  const request = new Uint8Array(head.length + text.length)
  request.set(head)
  request.set(text, head.length)
  return request
}

function headerValue(value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value
  throw new Unsendable('a header value has characters other than printable ASCII; remove them')
}
