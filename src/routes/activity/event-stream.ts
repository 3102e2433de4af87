/** A stream of events that are found when they are written: nothing waits for a reader but one write. */
import { Heartbeat } from '../../stream/heartbeat.ts'
import { SSE_HEADERS } from '../../stream/sse-response.ts'
import { transformWriter } from '../../stream/transform-writer.ts'
import { Cancelled } from '../../wire/errors/cancelled.ts'
import { encodeText } from '../../wire/sse/sse.ts'
import { SAME_ORIGIN } from '../policy.ts'

/** The fewest milliseconds between two writes, and between two looks at a reader that does not read. */
export const INTERVAL = 250
const UNREAD_INTERVAL = 1_000

/** Finding changes may take at most this part of the time. */
const MOST_WORK = 1 / 20

const PING = ': ping\n\n'

export interface EventSource {
  /** The events since the last call; undefined where there are none. Called only when all were read. */
  next(now: number): string | undefined
  /** Whether the stream ends, once `next` has nothing more. */
  isOver(): boolean
  /** Called about once a second or more often while somebody is connected. */
  onTick?(now: number): void
  /** Called once, when the stream has ended. */
  onEnd(): void
}

export interface EventStreamOptions {
  heartbeat: number
  clientTimeout: number
  /** Milliseconds between two looks at the source. */
  interval?: number
  /** Aborts when the client hangs up, on hosts that notice it. */
  client: AbortSignal
}

/** Writes what a source has, at most four times a second. */
export class EventStream {
  readonly #source: EventSource
  readonly #options: EventStreamOptions
  readonly #interval: number
  readonly #body = transformWriter()
  readonly #heartbeat: Heartbeat
  /** Since when the last write is unread; 0 where all is read. */
  #unreadSince = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosing = false
  #hasEnded = false

  constructor(source: EventSource, options: EventStreamOptions) {
    this.#source = source
    this.#options = options
    this.#interval = options.interval ?? INTERVAL
    this.#heartbeat = new Heartbeat(options.heartbeat)
  }

  /** Begins to write, and returns the response. */
  start(): Response {
    const { client } = this.#options
    this.#body.closed.then(this.#end, this.#end)
    client.addEventListener('abort', this.#leave, { once: true })
    if (client.aborted) this.#leave()
    this.#look()
    return this.#body.respond({ headers: { ...SSE_HEADERS, ...SAME_ORIGIN } })
  }

  /** Ends the stream now: what is not written yet is left out. */
  readonly end = (): void => {
    if (this.#hasEnded || this.#isClosing) return
    clearTimeout(this.#timer)
    this.#close()
  }

  readonly #look = (): void => {
    if (this.#hasEnded) return
    const now = performance.now()
    try {
      this.#source.onTick?.(now)
      if (this.#unreadSince === 0) this.#writeNext(now)
    } catch (error) {
      this.#body.break(error)
      this.#end()
      return
    }
    if (this.#source.isOver()) {
      this.#close()
      return
    }
    const { clientTimeout } = this.#options
    if (this.#unreadSince > 0 && now - this.#unreadSince > clientTimeout) {
      this.#giveUp()
      return
    }
    const took = performance.now() - now
    const pause = this.#unreadSince > 0 ? UNREAD_INTERVAL : this.#interval
    this.#timer = setTimeout(this.#look, Math.max(pause, took / MOST_WORK))
  }

  #writeNext(now: number): void {
    const text = this.#source.next(now) ?? (this.#heartbeat.isDue(now) ? PING : '')
    if (text === '') return
    this.#heartbeat.reset(now)
    const taking = this.#body.write([encodeText(text)])
    if (taking === undefined) return
    this.#unreadSince = now
    taking.then(this.#onTaken, this.#end)
  }

  readonly #onTaken = (): void => {
    const since = performance.now() - this.#unreadSince
    this.#unreadSince = 0
    if (this.#hasEnded || this.#isClosing) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#look, Math.max(0, this.#interval - since))
  }

  /** Ends it behind what was written, which the client may take a while to read. */
  #close(): void {
    this.#isClosing = true
    this.#body.close()
    this.#timer = setTimeout(() => this.#giveUp(), this.#options.clientTimeout)
  }

  #giveUp(): void {
    this.#body.break(new Cancelled('the client does not read its events'))
    this.#end()
  }

  readonly #leave = (): void => {
    this.#body.break(new Cancelled('the client left'))
    this.#end()
  }

  readonly #end = (): void => {
    clearTimeout(this.#timer)
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#options.client.removeEventListener('abort', this.#leave)
    this.#source.onEnd()
  }
}
