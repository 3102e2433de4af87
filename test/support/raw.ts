import { createConnection, type Socket } from 'node:net'
import { connect } from 'node:tls'

export interface RawRequest {
  port: number
  /** POST by default where there is a body. */
  method?: string
  /** `/v1/chat/completions` by default. */
  path?: string
  /** Replace or add to `host`, `content-type` and `content-length`; undefined removes one. */
  headers?: Record<string, string | undefined>
  /** An object is sent as JSON. */
  body?: string | Uint8Array | object
  /** Sends the whole request `bytes` at a time, `every` ms. */
  slowly?: { bytes: number; every: number }
  /** Uses TLS, and trusts only this certificate. */
  ca?: string
}

/** One connection with one request, and the bytes of the response. */
export interface RawResponse {
  socket: Socket
  /** The text received so far, with headers and chunked framing. */
  text(): string
  /** The number of bytes received so far. */
  received(): number
  /** The status; undefined before the status line has arrived. */
  status(): number | undefined
  /** `performance.now()` at each packet. */
  arrivals: number[]
  /** Resolves once the text matches; rejects after `ms` (5,000), or when the connection has closed. */
  waitFor(pattern: string | RegExp, ms?: number): Promise<void>
  /** Stops reading until `resume`, which causes back-pressure at the server. */
  pause(): void
  resume(): void
  /** Closes or resets the connection at once. Returns `performance.now()`. */
  hangUp(how?: 'close' | 'reset'): number
  /** `performance.now()` when the connection had closed, whichever side closed it. */
  closed: Promise<number>
}

/** Sends a request over a socket of its own. Resolves when connected; reads from then on. */
export async function rawRequest(request: RawRequest): Promise<RawResponse> {
  const { port, ca } = request
  const to = { port, host: '127.0.0.1', noDelay: true }
  const socket = ca ? connect({ ...to, ca }) : createConnection(to)
  await new Promise<void>((resolve, reject) => {
    socket.once(ca ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
  })
  const response = listen(socket)
  // A server that refuses a request early may close before all of it is sent: tests look at that.
  void send(socket, encode(request), request.slowly)
  return response
}

function encode(request: RawRequest): Buffer {
  const { body, port } = request
  const isBytes = typeof body === 'string' || body instanceof Uint8Array
  const bytes = body === undefined ? undefined : Buffer.from(isBytes ? body : JSON.stringify(body))
  const headers = {
    host: `127.0.0.1:${port}`,
    ...(bytes && { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
    ...request.headers,
  }
  const method = request.method ?? (bytes ? 'POST' : 'GET')
  const lines = [`${method} ${request.path ?? '/v1/chat/completions'} HTTP/1.1`]
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) lines.push(`${name}: ${value}`)
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes ?? Buffer.alloc(0)])
}

async function send(socket: Socket, bytes: Buffer, slowly: RawRequest['slowly']): Promise<void> {
  if (!slowly) return void socket.write(bytes)
  for (let at = 0; at < bytes.length && socket.writable; at += slowly.bytes) {
    socket.write(bytes.subarray(at, at + slowly.bytes))
    await new Promise((resolve) => setTimeout(resolve, slowly.every))
  }
}

function listen(socket: Socket): RawResponse {
  const parts: Buffer[] = []
  const arrivals: number[] = []
  const closed = Promise.withResolvers<number>()
  let length = 0
  socket.on('data', (part: Buffer) => {
    parts.push(part)
    arrivals.push(performance.now())
    length += part.length
  })
  socket.on('error', () => {})
  socket.on('close', () => closed.resolve(performance.now()))
  const text = () => Buffer.concat(parts).toString()
  return {
    socket,
    text,
    received: () => length,
    status: () => Number(/^HTTP\/1\.1 (\d{3})/.exec(text())?.[1]) || undefined,
    arrivals,
    waitFor: (pattern, ms = 5_000) => waitFor(socket, text, pattern, ms),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    hangUp: (how = 'close') => {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroy()
      return performance.now()
    },
    closed: closed.promise,
  }
}

function waitFor(
  socket: Socket,
  text: () => string,
  pattern: string | RegExp,
  ms: number,
): Promise<void> {
  const matches = () =>
    typeof pattern === 'string' ? text().includes(pattern) : pattern.test(text())
  return new Promise((resolve, reject) => {
    const look = () => {
      if (matches()) settle(resolve)
    }
    const fail = (why: string) =>
      settle(() => reject(new Error(`${why} before ${pattern} came; so far:\n${text()}`)))
    const gone = () => (matches() ? settle(resolve) : fail('The connection closed'))
    const timer = setTimeout(() => fail(`${ms} ms passed`), ms)
    const settle = (then: () => void) => {
      clearTimeout(timer)
      socket.off('data', look).off('close', gone)
      then()
    }
    socket.on('data', look).on('close', gone)
    if (socket.closed) gone()
    else look()
  })
}
