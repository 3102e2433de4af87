/** A load client that takes hardly any processor time: raw TCP, and a search for stamps. */
import type { Socket } from 'bun'
import { ResponseParser } from '../src/transport/http1/response-parser.ts'
import { now, readStamp, STAMP_DIGITS, STAMP_MARK } from './clock.ts'
import { requestBody, type Script } from './script.ts'

/** The server that requests are sent to, and the headers that it needs. */
export interface Target {
  port: number
  /** What stands before `/v1` in the path. */
  basePath?: string | undefined
  headers?: Record<string, string> | undefined
}

/** The state of one answer while it is received. */
export interface Reading {
  status: number
  /** Tokens seen by their stamps; stays 0 where only bytes are counted. */
  tokens: number
  /** Bytes of the body. */
  bytes: number
  /** The times, by `now`, when the request was written and when its first token arrived. */
  sentAt: number
  firstAt: number
  /** Resolves with the first token; rejects where the connection ends before it. */
  first: Promise<void>
  /** Resolves when the body is complete; rejects where the connection ends before that. */
  ended: Promise<void>
}

export interface RequestOptions {
  /** Counts bytes only, for floods. */
  bytesOnly?: boolean
  /** Called for every token with the times, by `now`, at which it was sent and arrived. */
  onToken?: (sent: number, arrived: number) => void
  /** Messages that make the request larger. */
  messages?: readonly object[]
}

/** A connection, for one request at a time. */
export interface Connection {
  send(script: Script, options?: RequestOptions): Reading
  /** Closes the connection, as the system does for a program that exits. Returns the time, by `now`. */
  close(): number
  /** Resets the connection, which frees its port at once and not after a minute. */
  reset(): void
}

const encoder = new TextEncoder()

interface Data {
  /** What the socket's buffer had no room for. */
  unsent: Uint8Array
  onPacket(bytes: Uint8Array<ArrayBuffer>): void
  onClose(): void
}

/** Connects. Rejects where no server listens. */
export async function connect(target: Target): Promise<Connection> {
  const extra = Object.entries(target.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST ${target.basePath ?? ''}/v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n${extra.join('')}`
  let current: Tracker | undefined
  const reader = new ResponseParser({
    head: ({ status }) => current?.head(status),
    payload: (bytes, start, end) => current?.payload(bytes, start, end),
    end: () => current?.end(),
  })
  const socket = await open(target.port, {
    unsent: new Uint8Array(0),
    onPacket(bytes) {
      if (current) current.arrivedAt = now()
      reader.push(bytes)
    },
    onClose() {
      reader.close(true)
      current?.fail()
    },
  })
  return {
    send(script, options = {}) {
      const body = requestBody(script, options.messages)
      const request = encoder.encode(`${head}content-length: ${body.length}\r\n\r\n${body}`)
      current = new Tracker(options)
      socket.data.unsent = request
      write(socket)
      return current
    },
    close() {
      const closedAt = now()
      socket.end()
      return closedAt
    },
    reset() {
      socket.terminate()
    },
  }
}

/** Connects and sends a request. */
export async function request(
  target: Target,
  script: Script,
  options?: RequestOptions,
): Promise<Reading & { connection: Connection }> {
  const connection = await connect(target)
  return Object.assign(connection.send(script, options), { connection })
}

function write(socket: Socket<Data>): void {
  const { unsent } = socket.data
  if (unsent.length > 0) socket.data.unsent = unsent.subarray(Math.max(0, socket.write(unsent)))
}

function open(port: number, data: Data): Promise<Socket<Data>> {
  return Bun.connect<Data>({
    hostname: '127.0.0.1',
    port,
    data,
    socket: {
      open: (socket) => void socket.setNoDelay(true),
      drain: write,
      data: (socket, bytes) => socket.data.onPacket(bytes as Buffer<ArrayBuffer>),
      close: (socket) => socket.data.onClose(),
      error() {},
    },
  })
}

/** The most characters of an error answer that are shown. */
const MAX_ERROR_TEXT = 300

class Tracker implements Reading {
  status = 0
  tokens = 0
  bytes = 0
  sentAt = now()
  firstAt = Number.NaN
  /** When the packet that is being read arrived. */
  arrivedAt = 0
  readonly first: Promise<void>
  readonly ended: Promise<void>
  readonly #first = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #options: RequestOptions
  /** The beginning of an error answer's body. */
  #errorText = ''
  /** The beginning of a stamp whose end has not arrived. */
  #partialStamp = new Uint8Array(0)

  constructor(options: RequestOptions) {
    this.#options = options
    this.first = this.#first.promise
    this.ended = this.#ended.promise
    // Handled here, because callers need not await both.
    this.first.catch(() => {})
    this.ended.catch(() => {})
  }

  head(status: number): void {
    this.status = status
  }

  payload(bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start
    if (this.status !== 200 && this.#errorText.length < MAX_ERROR_TEXT)
      this.#errorText += Buffer.from(bytes.subarray(start, end)).toString()
    if (!this.#options.bytesOnly) this.#findStamps(bytes, start, end)
  }

  end(): void {
    if (this.status === 200) this.#ended.resolve()
    this.fail()
  }

  fail(): void {
    const text = this.#errorText === '' ? '' : `: ${this.#errorText.slice(0, MAX_ERROR_TEXT)}`
    const error = new Error(
      `the answer (status ${this.status}) ended after ${this.bytes} bytes${text}`,
    )
    this.#first.reject(error)
    this.#ended.reject(error)
  }

  #findStamps(bytes: Uint8Array, start: number, end: number): void {
    if (this.#partialStamp.length > 0) {
      const joined = Buffer.concat([this.#partialStamp, bytes.subarray(start, end)])
      this.#partialStamp = new Uint8Array(0)
      this.#findStamps(joined, 0, joined.length)
      return
    }
    let at = bytes.indexOf(STAMP_MARK, start)
    while (at !== -1 && at < end) {
      if (at + STAMP_DIGITS >= end) {
        this.#partialStamp = bytes.slice(at, end)
        return
      }
      this.#token(bytes, at + 1)
      at = bytes.indexOf(STAMP_MARK, at + STAMP_DIGITS)
    }
  }

  #token(bytes: Uint8Array, at: number): void {
    this.tokens++
    if (this.tokens === 1) {
      this.firstAt = this.arrivedAt
      this.#first.resolve()
    }
    this.#options.onToken?.(readStamp(bytes, at), this.arrivedAt)
  }
}
