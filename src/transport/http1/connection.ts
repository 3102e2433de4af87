import { InvalidResponse, StaleConnection, Unanswered } from '../../platform/fetch.ts'
import { asError } from '../../util/as-error.ts'
import { type BodySource, ResponseBody } from './response-body.ts'
import { BODILESS_STATUSES, type HeaderFields, type ResponseHead } from './response-head.ts'
import { ResponseParser, type ResponseSink } from './response-parser.ts'
import type { Socket, SocketEvents } from './socket.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** The part of the standard `Response` used here. */
export interface SocketResponse {
  status: number
  ok: boolean
  headers: HeaderFields
  body: ResponseBody | null
}

/** Milliseconds for which an idle connection is kept; many servers close theirs after 5 s. */
const IDLE_TIMEOUT = 4000

/** Milliseconds after sending within which a close means that the connection was stale already. */
const STALE_WITHIN = 1000

/** The request in progress. */
interface PendingRequest {
  signal: AbortSignal
  /** Settles the promise of `send`; undefined once the head has come. */
  headPromise:
    | { resolve(response: SocketResponse): void; reject(reason: unknown): void }
    | undefined
  body: ResponseBody | undefined
}

/** A connection that carries one request after another, without pipelining. */
export class Connection implements ResponseSink, SocketEvents, BodySource {
  socket: Socket | undefined
  /** Called when the next request may be sent. */
  onIdle: () => void = () => {}
  /** Called when the connection can't be used any more. */
  onClose: () => void = () => {}

  readonly #parser = new ResponseParser(this)
  #pending: PendingRequest | undefined
  #keepsAlive = false
  #isClosed = false
  /**
   * Whether the connection carried a response before, and whether bytes of the current one came.
   */
  #isUsed = false
  #hasReceived = false
  #sentAt = 0
  /** The body bytes of the current packet, compacted in place. */
  #payload: Bytes | undefined
  #payloadStart = 0
  #payloadEnd = 0
  #idleTimeout = IDLE_TIMEOUT
  #idleUntil = 0
  readonly #copied: number
  /**
   * Called by the signal of the current request when it aborts. Not an object with `handleEvent`: Node keeps that,
   * and with it the whole request, until the next full garbage collection.
   */
  readonly #abort = () => this.#fail(this.#pending?.signal.reason)

  /** `copied`: as of `socketFetch`. */
  constructor(copied: number) {
    this.#copied = copied
  }

  /**
   * Sends a request, in pieces. Rejects with the signal's reason, or with an `Unanswered`: the server may have
   * read the request. `isHead`: whether its method is HEAD, whose response has no body.
   */
  send(request: readonly Bytes[], signal: AbortSignal, isHead = false): Promise<SocketResponse> {
    return new Promise((resolve, reject) => {
      this.#parser.isHead = isHead
      this.#pending = { signal, headPromise: { resolve, reject }, body: undefined }
      this.#hasReceived = false
      this.#sentAt = performance.now()
      signal.addEventListener('abort', this.#abort)
      // The signal may have aborted, or the server closed, since the connection was made.
      if (signal.aborted) this.#abort()
      else if (this.#isClosed) this.#onBroken()
      this.socket?.setActive()
      for (const piece of request) this.socket?.write(piece)
    })
  }

  /** The body is read more slowly than it arrives. */
  pause(): void {
    this.socket?.pause()
  }

  resume(): void {
    this.socket?.resume()
  }

  discard(): void {
    this.#fail(new Error('the reader discarded the rest of the response'))
  }

  packet(bytes: Bytes): void {
    // Unrequested bytes could be taken for the next request's response.
    if (this.#pending === undefined) {
      this.destroy()
      return
    }
    this.#hasReceived = true
    try {
      this.#parser.push(bytes)
      this.#flush()
    } catch (error) {
      // What came before the fault counts, wherever the packet began.
      this.#flush()
      this.#fail(new InvalidResponse(asError(error).message, { cause: error }))
      return
    }
    if (this.#pending === undefined) this.#reuseOrClose()
  }

  close(isClean: boolean): void {
    this.#parser.close(isClean)
    this.#onBroken()
  }

  /** Whether it was idle for so long that its server may be closing it. */
  isExpired(now: number): boolean {
    return now >= this.#idleUntil
  }

  /** Closes the connection at once. */
  destroy(): void {
    const { socket } = this
    this.#isClosed = true
    this.socket = undefined
    this.onClose()
    socket?.destroy()
  }

  head({ status, headers, keepsAlive }: ResponseHead): void {
    const pending = this.#pending
    if (pending === undefined) throw new Error('the server sent a response without a request')
    this.#keepsAlive = keepsAlive
    this.#idleTimeout = idleTimeoutOf(headers)
    const body = new ResponseBody(this)
    const ok = status >= 200 && status < 300
    pending.headPromise?.resolve({
      status,
      ok,
      headers,
      body: this.#parser.isHead || BODILESS_STATUSES.includes(status) ? null : body,
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
    pending?.signal.removeEventListener('abort', this.#abort)
    pending?.body?.end()
  }

  /** Pushes the body bytes of the current packet as one piece. */
  #flush(): void {
    if (this.#payload === undefined) return
    this.#pending?.body?.push(this.#part(this.#payload, this.#payloadStart, this.#payloadEnd))
    this.#payload = undefined
  }

  #part(bytes: Bytes, start: number, end: number): Bytes {
    if (end - start === bytes.length) return bytes
    return end - start <= this.#copied ? bytes.slice(start, end) : bytes.subarray(start, end)
  }

  /**
   * The response is complete: keeps the connection for the next request if its state is certain.
   */
  #reuseOrClose(): void {
    const { socket } = this
    if (
      !this.#keepsAlive ||
      this.#parser.isIrregular ||
      !this.#parser.isBetweenResponses ||
      !socket?.isFlushed ||
      this.#idleTimeout <= 0
    ) {
      this.destroy()
      return
    }
    this.#isUsed = true
    this.#idleUntil = performance.now() + this.#idleTimeout
    socket.setIdle(this.#idleTimeout)
    this.onIdle()
  }

  #onBroken(): void {
    // After that time the server has probably read the request, whatever its method: it is not sent
    // again.
    const isSoon = performance.now() - this.#sentAt < STALE_WITHIN
    const isStale = this.#isUsed && !this.#hasReceived && isSoon
    this.#fail(
      isStale
        ? new StaleConnection(
            'the connection, which had been used before, closed before the response began',
          )
        : new Unanswered('the connection closed before the response was complete'),
    )
  }

  #fail(error: unknown): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.signal.removeEventListener('abort', this.#abort)
    pending?.headPromise?.reject(error)
    pending?.body?.fail(error)
    this.destroy()
  }
}

/** A second less than the server's `Keep-Alive` timeout, and at most `IDLE_TIMEOUT`. */
function idleTimeoutOf(headers: HeaderFields): number {
  const [, seconds] = /\btimeout=(\d+)/.exec(headers.get('keep-alive') ?? '') ?? []
  return Math.min(IDLE_TIMEOUT, seconds === undefined ? IDLE_TIMEOUT : (Number(seconds) - 1) * 1000)
}
