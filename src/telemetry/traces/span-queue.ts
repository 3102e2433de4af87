/** Spans that wait to be exported: so many at most, as an endpoint may be slow or gone. */
import type { SpanRecord } from './own-tracer.ts'

/** Sends spans. Never rejects: resolves with how many of them were lost. */
export type SendSpans = (spans: readonly SpanRecord[], until: SendUntil) => Promise<number>

export interface SendUntil {
  /** Once it aborts, nothing is tried again. */
  hurry: AbortSignal
  /** Once it aborts, nothing is waited for. */
  stop: AbortSignal
}

/** Told of spans that have left the queue. */
export type CountSpans = (became: 'exported' | 'dropped', count: number) => void

export interface QueueOptions {
  /** The most spans that wait; further ones are lost. */
  limit: number
  /** The most spans that are sent at once. */
  batch: number
  /** Milliseconds that a span waits at most before the next batch is sent. */
  delay: number
  send: SendSpans
  /** Told of each span that finds the queue full. */
  onFull?: () => void
}

/** Batches that are sent at the same time where each request sends its own. */
const MAX_IN_FLIGHT = 8

export class SpanQueue {
  options: QueueOptions
  readonly #count: CountSpans
  #waiting: SpanRecord[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #sending: Promise<void> | undefined
  #hurry = new AbortController()
  #stop = new AbortController()
  #inFlight = 0

  constructor(options: QueueOptions, count: CountSpans) {
    this.options = options
    this.#count = count
  }

  /** Whether any span waits or is being sent. */
  get isBusy(): boolean {
    return this.#waiting.length > 0 || this.#sending !== undefined
  }

  readonly add = (span: SpanRecord): void => {
    if (this.#waiting.length < this.options.limit) {
      this.#waiting.push(span)
      return
    }
    this.#count('dropped', 1)
    this.options.onFull?.()
  }

  /** Sends what waits once it is a whole batch, or after the delay; not where timers belong to requests. */
  schedule(): void {
    if (this.#sending !== undefined || this.#waiting.length === 0) return
    if (this.#waiting.length >= this.options.batch) this.#start()
    else this.#timer ??= unreferenced(setTimeout(() => this.#start(), this.options.delay))
  }

  /**
   * Sends what waits now, at most one batch: for a runtime where each request does its own work. Further
   * spans wait for the next request.
   */
  async sendNow(): Promise<void> {
    if (this.#inFlight >= MAX_IN_FLIGHT || this.#waiting.length === 0) return
    this.#inFlight++
    try {
      await this.#sendBatch()
    } finally {
      this.#inFlight--
    }
  }

  /** Sends all that waits, for at most so many milliseconds; what is left then is lost. */
  async flush(ms: number): Promise<void> {
    const limit = Promise.withResolvers<void>()
    const timer = setTimeout(limit.resolve, ms)
    this.#hurry.abort()
    try {
      await Promise.race([this.#drain(), limit.promise])
    } finally {
      clearTimeout(timer)
    }
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#hurry = new AbortController()
    this.#count('dropped', this.#waiting.length)
    this.#waiting = []
  }

  async #drain(): Promise<void> {
    while (this.#sending !== undefined || this.#waiting.length > 0) {
      if (this.#sending === undefined) this.#start()
      await this.#sending
    }
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#sending !== undefined) return
    this.#sending = this.#sendBatch().then(() => {
      this.#sending = undefined
      this.schedule()
    })
  }

  async #sendBatch(): Promise<void> {
    const spans = this.#waiting.splice(0, this.options.batch)
    const until = { hurry: this.#hurry.signal, stop: this.#stop.signal }
    const lost = await this.options.send(spans, until)
    this.#count('dropped', lost)
    this.#count('exported', spans.length - lost)
  }
}

/** A timer that keeps no process alive, on runtimes where one would. */
function unreferenced<T>(timer: T): T {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) {
    ;(timer as { unref(): void }).unref()
  }
  return timer
}
