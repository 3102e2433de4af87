/** A load client with next to no cost of its own: raw TCP, and a look for stamps. */
import type { Socket } from 'bun'
import { ResponseParser } from '../src/transport/http1/response-parser.ts'
import { now, readStamp, STAMP_DIGITS, STAMP_MARK } from './clock.ts'
import { requestBody, type Script } from './script.ts'

/** Where requests go, and what this server wants them to carry. */
export interface Target {
  port: number
  headers?: Record<string, string> | undefined
}

/** One answer, as it comes in. */
export interface Reading {
  status: number
  /** Tokens seen by their stamps; stays 0 where only bytes are counted. */
  tokens: number
  /** Bytes of the body. */
  bytes: number
  /** When the request was written and when its first token came, by `now`. */
  askedAt: number
  firstAt: number
  /** Resolves with the first token; rejects where the connection ends before it. */
  first: Promise<void>
  /** Resolves when the body is whole; rejects where the connection ends before that. */
  ended: Promise<void>
}

export interface Ask {
  /** Only counts bytes: for floods. */
  bytesOnly?: boolean
  /** Called for every token with the times, by `now`, at which it was sent and came. */
  onToken?: (sent: number, came: number) => void
}

/** A connection, for one request at a time. */
export interface Connection {
  ask(script: Script, options?: Ask): Reading
  /** Leaves as a client does whose program ends. Returns when, by `now`. */
  leave(): number
  /** Leaves with a reset, which keeps no port occupied for the minute after. */
  drop(): void
}

interface Data {
  onPacket(bytes: Uint8Array<ArrayBuffer>): void
  onClose(): void
}

/** Connects. Rejects where nobody listens. */
export async function connect(target: Target): Promise<Connection> {
  const extra = Object.entries(target.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n${extra.join('')}`
  let current: Tracker | undefined
  const reader = new ResponseParser({
    head: ({ status }) => current?.head(status),
    payload: (bytes, start, end) => current?.payload(bytes, start, end),
    end: () => current?.end(),
  })
  const socket = await open(target.port, {
    onPacket(bytes) {
      if (current) current.cameAt = now()
      reader.push(bytes)
    },
    onClose() {
      reader.close(true)
      current?.fail()
    },
  })
  return {
    ask(script, options = {}) {
      const body = requestBody(script)
      current = new Tracker(options)
      socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`)
      return current
    },
    leave() {
      const leftAt = now()
      socket.end()
      return leftAt
    },
    drop() {
      socket.terminate()
    },
  }
}

/** Connects and asks at once. */
export async function request(
  target: Target,
  script: Script,
  options?: Ask,
): Promise<Reading & { connection: Connection }> {
  const connection = await connect(target)
  return Object.assign(connection.ask(script, options), { connection })
}

function open(port: number, data: Data): Promise<Socket<Data>> {
  return Bun.connect<Data>({
    hostname: '127.0.0.1',
    port,
    data,
    socket: {
      open: (socket) => void socket.setNoDelay(true),
      data: (socket, bytes) => socket.data.onPacket(bytes as Buffer<ArrayBuffer>),
      close: (socket) => socket.data.onClose(),
      error() {},
    },
  })
}

/** Characters of an error's text that are told. */
const MOST_TOLD = 300

class Tracker implements Reading {
  status = 0
  tokens = 0
  bytes = 0
  askedAt = now()
  firstAt = Number.NaN
  /** When the packet that is being read came. */
  cameAt = 0
  readonly first: Promise<void>
  readonly ended: Promise<void>
  readonly #first = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #options: Ask
  /** What an answer says that is none: how it begins. */
  #refusal = ''
  /** The beginning of a stamp whose end has not come. */
  #torn = new Uint8Array(0)

  constructor(options: Ask) {
    this.#options = options
    this.first = this.#first.promise
    this.ended = this.#ended.promise
    // Whoever does not wait for one of them is not told of its failure either.
    this.first.catch(() => {})
    this.ended.catch(() => {})
  }

  head(status: number): void {
    this.status = status
  }

  payload(bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start
    if (this.status !== 200 && this.#refusal.length < MOST_TOLD)
      this.#refusal += Buffer.from(bytes.subarray(start, end)).toString()
    if (!this.#options.bytesOnly) this.#findStamps(bytes, start, end)
  }

  end(): void {
    if (this.status === 200) this.#ended.resolve()
    this.fail()
  }

  fail(): void {
    const told = this.#refusal === '' ? '' : `: ${this.#refusal.slice(0, MOST_TOLD)}`
    const error = new Error(
      `the answer (status ${this.status}) ended after ${this.bytes} bytes${told}`,
    )
    this.#first.reject(error)
    this.#ended.reject(error)
  }

  #findStamps(bytes: Uint8Array, start: number, end: number): void {
    if (this.#torn.length > 0) {
      const joined = Buffer.concat([this.#torn, bytes.subarray(start, end)])
      this.#torn = new Uint8Array(0)
      this.#findStamps(joined, 0, joined.length)
      return
    }
    let at = bytes.indexOf(STAMP_MARK, start)
    while (at !== -1 && at < end) {
      if (at + STAMP_DIGITS >= end) {
        this.#torn = bytes.slice(at, end)
        return
      }
      this.#token(bytes, at + 1)
      at = bytes.indexOf(STAMP_MARK, at + STAMP_DIGITS)
    }
  }

  #token(bytes: Uint8Array, at: number): void {
    this.tokens++
    if (this.tokens === 1) {
      this.firstAt = this.cameAt
      this.#first.resolve()
    }
    this.#options.onToken?.(readStamp(bytes, at), this.cameAt)
  }
}
