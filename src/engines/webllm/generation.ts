import { engineStopped } from '../../stream/engine-stop.ts'
import type { ApiError } from '../../wire/errors/api-error.ts'

/** How a generation is read and stopped. */
export interface GenerationOptions<Raw, T> {
  /** The first item, read in advance so that an error before it can still get an HTTP status. */
  first: IteratorResult<Raw, unknown>
  source: AsyncIterator<Raw, unknown>
  toChunks: (raw: Raw) => T[]
  toError: (error: unknown) => ApiError
  signal: AbortSignal
  /** Called once, when the source has stopped. */
  onEnd: () => void
}

/**
 * One answer while it is generated. A stop reaches the source at once, even while `next` waits for
 * a token; the source's remaining work delays the next request and not this one.
 */
export class WebllmGeneration<Raw, T> implements AsyncIterator<T[], void, void> {
  readonly #options: GenerationOptions<Raw, T>
  /** The next token, requested in advance so that the GPU works while the last one is sent. */
  #nextItem: Promise<IteratorResult<Raw, unknown>>
  #hasEnded = false
  /** Rejects the pending wait for the next token. */
  #rejectWait: (reason: unknown) => void = () => {}
  readonly #onAbort = () => {
    this.#rejectWait(this.#options.signal.reason)
    this.#stop()
  }

  constructor(options: GenerationOptions<Raw, T>) {
    this.#options = options
    this.#nextItem = Promise.resolve(options.first)
    const { signal } = options
    signal.addEventListener('abort', this.#onAbort, { once: true })
    if (signal.aborted) this.#onAbort()
  }

  async next(): Promise<IteratorResult<T[], void>> {
    const { signal, toChunks, toError } = this.#options
    signal.throwIfAborted()
    if (this.#hasEnded) return { done: true, value: undefined }
    try {
      const item = await this.#pull()
      if (!item.done) return { done: false, value: toChunks(item.value) }
    } catch (error) {
      signal.throwIfAborted()
      this.#stop()
      throw toError(error)
    }
    this.#stop()
    return { done: true, value: undefined }
  }

  /** The next token, unless the signal aborts first. */
  #pull(): Promise<IteratorResult<Raw, unknown>> {
    return new Promise((resolve, reject) => {
      this.#rejectWait = reject
      this.#nextItem.then((item) => {
        if (!item.done && !this.#hasEnded) this.#startNext()
        resolve(item)
      }, reject)
    })
  }

  #startNext(): void {
    this.#nextItem = this.#options.source.next()
    this.#nextItem.catch(() => {})
  }

  async return(): Promise<IteratorResult<T[], void>> {
    this.#stop()
    return { done: true, value: undefined }
  }

  #stop(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const { signal, source, onEnd } = this.#options
    signal.removeEventListener('abort', this.#onAbort)
    // `return` queues behind the token in progress and resolves when the engine is free.
    const stopping = source.return?.() ?? Promise.resolve()
    const stopped = () => {
      onEnd()
      engineStopped(signal)
    }
    stopping.then(stopped, stopped)
  }
}
