import { type BodySource, ResponseBody } from './response-body.ts'
import { BODILESS_STATUSES, type HeaderFields, type ResponseHead } from './response-head.ts'
import { ResponseParser, type ResponseSink } from './response-parser.ts'
import type { Socket, SocketEvents } from './socket.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** A response, as far as the standard one is used here. */
export interface SocketResponse {
  status: number
  ok: boolean
  headers: HeaderFields
  body: ResponseBody | null
}

/** A kept connection that its server had closed: nothing of the request was answered. */
export class StaleConnection extends Error {}

/** Milliseconds a connection is kept without a request; many servers close it after 5 s. */
const IDLE_TIMEOUT = 4000

/** Milliseconds within which a server that had closed a connection says so to a request on it. */
const STALE_WITHIN = 1000

/** Bytes that Bun keeps within the array itself, without memory of their own. */
const INLINE_BYTES = 1000

/** One request being answered. */
interface PendingRequest {
  signal: AbortSignal
  /** Who waits for the head. */
  headPromise:
    | { resolve(response: SocketResponse): void; reject(reason: unknown): void }
    | undefined
  body: ResponseBody | undefined
}

/** A connection that carries one request after the other. */
export class Connection implements ResponseSink, SocketEvents, BodySource {
  socket: Socket | undefined
  /** Called when another request may be sent. */
  onIdle: () => void = () => {}
  /** Called when none ever may. */
  onClose: () => void = () => {}

  readonly #parser = new ResponseParser(this)
  #pending: PendingRequest | undefined
  #keepsAlive = false
  #isClosed = false
  /** Whether an answer came on it before, and whether anything of this one has. */
  #isUsed = false
  #hasReceived = false
  #sentAt = 0
  /** The payload of the packet at hand, moved together in it. */
  #payload: Bytes | undefined
  #payloadStart = 0
  #payloadEnd = 0
  #idleTimeout = IDLE_TIMEOUT

  /** Sends a request. Rejects with `Stale`, with the signal's reason, or with what went wrong. */
  send(request: Bytes, signal: AbortSignal): Promise<SocketResponse> {
    return new Promise((resolve, reject) => {
      this.#pending = { signal, headPromise: { resolve, reject }, body: undefined }
      this.#hasReceived = false
      this.#sentAt = performance.now()
      signal.addEventListener('abort', this)
      // Either may have come since the connection was made.
      if (signal.aborted) this.handleEvent()
      else if (this.#isClosed) this.#onBroken()
      this.socket?.setActive()
      this.socket?.write(request)
    })
  }

  /** The signal of the request at hand aborts. */
  handleEvent(): void {
    this.#fail(this.#pending?.signal.reason)
  }

  /** The body is read more slowly than it comes. */
  pause(): void {
    this.socket?.pause()
  }

  resume(): void {
    this.socket?.resume()
  }

  discard(): void {
    this.#fail(new Error('the rest of the answer was not wanted'))
  }

  packet(bytes: Bytes): void {
    // What nobody asked for may be taken for the next answer.
    if (this.#pending === undefined) {
      this.destroy()
      return
    }
    this.#hasReceived = true
    try {
      this.#parser.push(bytes)
      this.#flush()
    } catch (error) {
      this.#fail(error)
      return
    }
    if (this.#pending === undefined) this.#reuseOrClose()
  }

  close(isClean: boolean): void {
    this.#parser.close(isClean)
    this.#onBroken()
  }

  /** Breaks the connection off. */
  destroy(): void {
    const { socket } = this
    this.#isClosed = true
    this.socket = undefined
    this.onClose()
    socket?.destroy()
  }

  head({ status, headers, keepsAlive }: ResponseHead): void {
    const pending = this.#pending
    if (pending === undefined) throw new Error('the server answered what nobody asked')
    this.#keepsAlive = keepsAlive
    this.#idleTimeout = idleTimeoutOf(headers)
    const body = new ResponseBody(this)
    const ok = status >= 200 && status < 300
    pending.headPromise?.resolve({
      status,
      ok,
      headers,
      body: BODILESS_STATUSES.includes(status) ? null : body,
    })
    pending.headPromise = undefined
    pending.body = body
  }

  payload(bytes: Bytes, start: number, end: number): void {
    if (this.#payload === undefined) {
      this.#payload = bytes
      this.#payloadStart = start
      this.#payloadEnd = start
    }
    if (this.#payloadEnd !== start) bytes.copyWithin(this.#payloadEnd, start, end)
    this.#payloadEnd += end - start
  }

  end(): void {
    this.#flush()
    const pending = this.#pending
    this.#pending = undefined
    pending?.signal.removeEventListener('abort', this)
    pending?.body?.end()
  }

  /** Gives the body what the packet at hand holds of it, in one piece. */
  #flush(): void {
    if (this.#payload === undefined) return
    this.#pending?.body?.push(payloadBytes(this.#payload, this.#payloadStart, this.#payloadEnd))
    this.#payload = undefined
  }

  /** An answer is whole: the connection is kept for the next one, if it is sure to be in step. */
  #reuseOrClose(): void {
    const { socket } = this
    if (
      !this.#keepsAlive ||
      !this.#parser.isBetweenResponses ||
      !socket?.isFlushed ||
      this.#idleTimeout <= 0
    ) {
      this.destroy()
      return
    }
    this.#isUsed = true
    socket.setIdle(this.#idleTimeout)
    this.onIdle()
  }

  #onBroken(): void {
    // Later than that it was read, and the server failed at it: asking again would not be harmless.
    const isSoon = performance.now() - this.#sentAt < STALE_WITHIN
    const isStale = this.#isUsed && !this.#hasReceived && isSoon
    this.#fail(isStale ? new StaleConnection() : new Error('the connection broke off'))
  }

  #fail(error: unknown): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.signal.removeEventListener('abort', this)
    pending?.headPromise?.reject(error)
    pending?.body?.fail(error)
    this.destroy()
  }
}

/**
 * A small part is copied: a view makes an object of the memory under it, and collecting those costs
 * Bun many times what the copies cost.
 */
function payloadBytes(bytes: Bytes, start: number, end: number): Bytes {
  if (end - start === bytes.length) return bytes
  return end - start <= INLINE_BYTES ? bytes.slice(start, end) : bytes.subarray(start, end)
}

/** A second less than the server says it keeps the connection, and no longer than `REST`. */
function idleTimeoutOf(headers: HeaderFields): number {
  const [, seconds] = /\btimeout=(\d+)/.exec(headers.get('keep-alive') ?? '') ?? []
  return Math.min(IDLE_TIMEOUT, seconds === undefined ? IDLE_TIMEOUT : (Number(seconds) - 1) * 1000)
}
