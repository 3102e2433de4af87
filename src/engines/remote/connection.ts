import type { ApiError } from '../../wire/errors/api-error.ts'
import { whenEnded } from './liveness-lock.ts'
import { type Ask, PATIENCE, PING, type Port, type Tell } from './protocol.ts'

/** Takes what is told of one request. */
export interface RequestListener {
  tell(message: Exclude<Tell, { kind: 'pong' | 'here' }>): void
  /** The other side is gone. */
  lose(error: ApiError): void
}

/** Many requests over one port, and whether the other side is still there. */
export class RemoteConnection {
  readonly #port: Port
  readonly #listeners = new Map<number, RequestListener>()
  readonly #gone: () => ApiError
  #count = 0
  #heardAt = 0
  readonly #over = new AbortController()
  #pulse: ReturnType<typeof setInterval> | undefined
  /** Why nothing can be asked any more. */
  lost: ApiError | undefined

  /** `gone` makes the error for what is lost with the other side. */
  constructor(port: Port, gone: () => ApiError) {
    this.#port = port
    this.#gone = gone
    port.addEventListener('message', ({ data }) => this.#hear(data as Tell))
    port.addEventListener('close', () => this.lose())
    port.start?.()
  }

  /** Begins a request; returns its number. */
  open(listener: RequestListener): number {
    const id = ++this.#count
    this.#listeners.set(id, listener)
    if (this.lost !== undefined) listener.lose(this.lost)
    else this.#watch()
    return id
  }

  post(message: Ask): void {
    if (this.lost === undefined) this.#port.postMessage(message)
  }

  /** Nothing more is expected for this request. */
  close(id: number): void {
    this.#listeners.delete(id)
    if (this.#listeners.size > 0) return
    clearInterval(this.#pulse)
    this.#pulse = undefined
  }

  /** The other side is gone: everything that runs fails. */
  lose(): void {
    if (this.lost !== undefined) return
    this.lost = this.#gone()
    this.#over.abort()
    clearInterval(this.#pulse)
    for (const listener of [...this.#listeners.values()]) listener.lose(this.lost)
    this.#listeners.clear()
  }

  /** Asks for a sign of life while something runs. */
  #watch(): void {
    if (this.#pulse !== undefined) return
    this.#heardAt = performance.now()
    this.#pulse = setInterval(() => {
      if (performance.now() - this.#heardAt > PATIENCE) this.lose()
      else this.post({ kind: 'ping' })
    }, PING)
  }

  #hear(message: Tell): void {
    this.#heardAt = performance.now()
    if (message.kind === 'here') whenEnded(message.life, this.#over.signal, () => this.lose())
    else if (message.kind !== 'pong') this.#listeners.get(message.id)?.tell(message)
  }
}
