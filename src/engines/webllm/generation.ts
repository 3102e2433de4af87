import type { ApiError } from '../../wire/errors/api-error.ts'

/** How a generation is read, stopped and let go. */
export interface GenerationOptions<Raw, T> {
  /** What was pulled already, so that an error before the first token is a refusal. */
  first: IteratorResult<Raw, unknown>
  source: AsyncIterator<Raw, unknown>
  toChunks: (raw: Raw) => T[]
  toError: (error: unknown) => ApiError
  signal: AbortSignal
  /** Called once, when the source has really stopped. */
  onEnd: () => void
}

/**
 * One answer as it is generated. A stop reaches the source at once, whoever waits for a token; what
 * the source still does is waited for only by whoever comes next.
 */
export class WebllmGeneration<Raw, T> implements AsyncIterator<T[], void, void> {
  readonly #options: GenerationOptions<Raw, T>
  /** The token after the last one given: the GPU works on it while that one is on its way. */
  #ahead: Promise<IteratorResult<Raw, unknown>>
  #hasEnded = false
  /** Ends the wait for the next token. */
  #leave: (reason: unknown) => void = () => {}
  readonly #onAbort = () => {
    this.#leave(this.#options.signal.reason)
    this.#stop()
  }

  constructor(options: GenerationOptions<Raw, T>) {
    this.#options = options
    this.#ahead = Promise.resolve(options.first)
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
      this.#leave = reject
      this.#ahead.then((item) => {
        if (!item.done && !this.#hasEnded) this.#workAhead()
        resolve(item)
      }, reject)
    })
  }

  #workAhead(): void {
    this.#ahead = this.#options.source.next()
    this.#ahead.catch(() => {})
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
    // It queues behind the token that is being computed, and resolves when the engine is free.
    const stopping = source.return?.() ?? Promise.resolve()
    stopping.then(onEnd, onEnd)
  }
}
