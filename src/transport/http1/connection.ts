import { Body, type Tap } from './response-body.ts'
import { BODILESS, type Fields, type ResponseHead } from './response-head.ts'
import { ResponseParser, type ResponseSink } from './response-parser.ts'
import type { Socket, SocketEvents } from './socket.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** A response, as far as the standard one is used here. */
export interface SocketResponse {
  status: number
  ok: boolean
  headers: Fields
  body: Body | null
}

/** A kept connection that its server had closed: nothing of the request was answered. */
export class Stale extends Error {}

/** Milliseconds a connection is kept without a request; many servers close it after 5 s. */
const REST = 4000

/** Milliseconds within which a server that had closed a connection says so to a request on it. */
const STALE = 1000

/** Bytes that Bun keeps within the array itself, without memory of their own. */
const SMALL = 1000

/** One request being answered. */
interface Pending {
  signal: AbortSignal
  /** Who waits for the head. */
  answer: { resolve(response: SocketResponse): void; reject(reason: unknown): void } | undefined
  body: Body | undefined
}

/** A connection that carries one request after the other. */
export class Connection implements ResponseSink, SocketEvents, Tap {
  socket: Socket | undefined
  /** Called when another request may be sent. */
  onIdle: () => void = () => {}
  /** Called when none ever may. */
  onClose: () => void = () => {}

  readonly #parser = new ResponseParser(this)
  #pending: Pending | undefined
  #keepsAlive = false
  #isClosed = false
  /** Whether an answer came on it before, and whether anything of this one has. */
  #isUsed = false
  #hasHeard = false
  #askedAt = 0
  /** The payload of the packet at hand, moved together in it. */
  #packet: Bytes | undefined
  #from = 0
  #to = 0
  #rest = REST

  /** Sends a request. Rejects with `Stale`, with the signal's reason, or with what went wrong. */
  ask(request: Bytes, signal: AbortSignal): Promise<SocketResponse> {
    return new Promise((resolve, reject) => {
      this.#pending = { signal, answer: { resolve, reject }, body: undefined }
      this.#hasHeard = false
      this.#askedAt = performance.now()
      signal.addEventListener('abort', this)
      // Either may have come since the connection was made.
      if (signal.aborted) this.handleEvent()
      else if (this.#isClosed) this.#broken()
      this.socket?.wake()
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

  leave(): void {
    this.#fail(new Error('the rest of the answer was not wanted'))
  }

  packet(bytes: Bytes): void {
    // What nobody asked for may be taken for the next answer.
    if (this.#pending === undefined) {
      this.destroy()
      return
    }
    this.#hasHeard = true
    try {
      this.#parser.push(bytes)
      this.#flush()
    } catch (error) {
      this.#fail(error)
      return
    }
    if (this.#pending === undefined) this.#settle()
  }

  close(isClean: boolean): void {
    this.#parser.close(isClean)
    this.#broken()
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
    this.#rest = restOf(headers)
    const body = new Body(this)
    const ok = status >= 200 && status < 300
    pending.answer?.resolve({ status, ok, headers, body: BODILESS.includes(status) ? null : body })
    pending.answer = undefined
    pending.body = body
  }

  payload(bytes: Bytes, start: number, end: number): void {
    if (this.#packet === undefined) {
      this.#packet = bytes
      this.#from = start
      this.#to = start
    }
    if (this.#to !== start) bytes.copyWithin(this.#to, start, end)
    this.#to += end - start
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
    if (this.#packet === undefined) return
    this.#pending?.body?.push(partOf(this.#packet, this.#from, this.#to))
    this.#packet = undefined
  }

  /** An answer is whole: the connection is kept for the next one, if it is sure to be in step. */
  #settle(): void {
    const { socket } = this
    if (!this.#keepsAlive || !this.#parser.isBetween || !socket?.isFlushed || this.#rest <= 0) {
      this.destroy()
      return
    }
    this.#isUsed = true
    socket.rest(this.#rest)
    this.onIdle()
  }

  #broken(): void {
    // Later than that it was read, and the server failed at it: asking again would not be harmless.
    const isSoon = performance.now() - this.#askedAt < STALE
    const isStale = this.#isUsed && !this.#hasHeard && isSoon
    this.#fail(isStale ? new Stale() : new Error('the connection broke off'))
  }

  #fail(error: unknown): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.signal.removeEventListener('abort', this)
    pending?.answer?.reject(error)
    pending?.body?.fail(error)
    this.destroy()
  }
}

/**
 * A small part is copied: a view makes an object of the memory under it, and collecting those costs
 * Bun many times what the copies cost.
 */
function partOf(bytes: Bytes, start: number, end: number): Bytes {
  if (end - start === bytes.length) return bytes
  return end - start <= SMALL ? bytes.slice(start, end) : bytes.subarray(start, end)
}

/** A second less than the server says it keeps the connection, and no longer than `REST`. */
function restOf(headers: Fields): number {
  const [, seconds] = /\btimeout=(\d+)/.exec(headers.get('keep-alive') ?? '') ?? []
  return Math.min(REST, seconds === undefined ? REST : (Number(seconds) - 1) * 1000)
}
