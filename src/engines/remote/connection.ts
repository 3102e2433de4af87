import type { ApiError } from '../../wire/errors/api-error.ts'
import { onLockReleased } from './liveness-lock.ts'
import {
  PING_INTERVAL,
  type Port,
  type ReplyMessage,
  type RequestMessage,
  SILENCE_TIMEOUT,
} from './protocol.ts'

/** Receives the replies to one request. */
export interface ReplyListener {
  onReply(message: Exclude<ReplyMessage, { kind: 'pong' | 'here' }>): void
  /** The engine is gone. */
  onLost(error: ApiError): void
}

/** Sends requests over one port, and detects when the engine behind it is gone. */
export class RemoteConnection {
  readonly #port: Port
  readonly #listeners = new Map<number, ReplyListener>()
  readonly #lostError: () => ApiError
  #lastId = 0
  #lastMessageAt = 0
  readonly #ended = new AbortController()
  #pingTimer: ReturnType<typeof setInterval> | undefined
  /** The error for every request, once the engine is gone. */
  lost: ApiError | undefined

  /** `lostError` creates the error for the requests that fail when the engine is gone. */
  constructor(port: Port, lostError: () => ApiError) {
    this.#port = port
    this.#lostError = lostError
    port.addEventListener('message', ({ data }) => this.#handleMessage(data as ReplyMessage))
    port.addEventListener('close', () => this.lose())
    port.start?.()
  }

  /** Registers a request and returns its id. */
  open(listener: ReplyListener): number {
    const id = ++this.#lastId
    this.#listeners.set(id, listener)
    if (this.lost !== undefined) listener.onLost(this.lost)
    else this.#startPinging()
    return id
  }

  post(message: RequestMessage): void {
    if (this.lost === undefined) this.#port.postMessage(message)
  }

  /** Ends a request: further replies to it are ignored. */
  close(id: number): void {
    this.#listeners.delete(id)
    if (this.#listeners.size > 0) return
    clearInterval(this.#pingTimer)
    this.#pingTimer = undefined
  }

  /** The engine is gone: fails every request in progress. */
  lose(): void {
    if (this.lost !== undefined) return
    this.lost = this.#lostError()
    this.#ended.abort()
    clearInterval(this.#pingTimer)
    for (const listener of [...this.#listeners.values()]) listener.onLost(this.lost)
    this.#listeners.clear()
  }

  /** Pings the engine while requests are in progress. */
  #startPinging(): void {
    if (this.#pingTimer !== undefined) return
    this.#lastMessageAt = performance.now()
    this.#pingTimer = setInterval(() => {
      if (performance.now() - this.#lastMessageAt > SILENCE_TIMEOUT) this.lose()
      else this.post({ kind: 'ping' })
    }, PING_INTERVAL)
  }

  #handleMessage(message: ReplyMessage): void {
    this.#lastMessageAt = performance.now()
    if (message.kind === 'here') onLockReleased(message.life, this.#ended.signal, () => this.lose())
    else if (message.kind !== 'pong') this.#listeners.get(message.id)?.onReply(message)
  }
}
