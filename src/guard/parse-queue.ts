/**
 * JSON is parsed in one go, and nothing else runs meanwhile: large bodies wait for each other, so that
 * a dozen that arrive together neither hold all streams up for their sum nor fill the memory at once.
 */
import { FairLine, type Waiting } from '../engines/pool/fair-line.ts'
import { pause } from '../stream/pause.ts'
import { ApiError } from '../wire/errors.ts'

/** Bytes from which on a body waits its turn; a smaller one is parsed in a few milliseconds. */
export const LARGE_BODY = 262_144

/** How many bytes, and how many bodies, may wait. */
const MOST_BYTES = 256_000_000
const MOST_BODIES = 100

/** Milliseconds between two looks of one who waits: where requests are isolated nobody may wake him. */
const LOOK = 10

/** Milliseconds after which one who does not look any more, or has not ended, counts as gone. */
const GONE = 2_000

interface Waiter extends Waiting {
  bytes: number
  seenAt: number
}

/** What one body waits with. */
export interface ParseWish {
  bytes: number
  /** The client, where clients are told apart: they take turns. */
  who: string
  signal: AbortSignal
  /** The longest wait, in milliseconds. */
  timeout: number
}

export class ParseQueue {
  readonly #line = new FairLine<Waiter>()
  #bytes = 0
  /** When the body was begun that is parsed now; undefined where none is. */
  #begunAt: number | undefined

  /**
   * Resolves when a body may be parsed, with what is called afterwards. Rejects with an `ApiError`
   * (503) where too much waits or the wait was too long, and with the signal's reason.
   */
  async take({ bytes, who, signal, timeout }: ParseWish): Promise<() => void> {
    const startedAt = performance.now()
    if (this.#line.size === 0 && this.#isFree(startedAt)) return this.#begin(startedAt)
    if (this.#bytes + bytes > MOST_BYTES || this.#line.size >= MOST_BODIES) throw busy()
    const waiter: Waiter = { who, bytes, seenAt: startedAt }
    this.#line.push(waiter)
    this.#bytes += bytes
    try {
      for (;;) {
        await pause(LOOK, signal)
        const now = performance.now()
        waiter.seenAt = now
        this.#forgetGone(now)
        if (this.#isFree(now) && this.#line.peek() === waiter) {
          this.#line.take()
          this.#bytes -= bytes
          return this.#begin(now)
        }
        if (now - startedAt > timeout) throw busy()
      }
    } catch (error) {
      this.#remove(waiter)
      throw error
    }
  }

  #isFree(now: number): boolean {
    return this.#begunAt === undefined || now - this.#begunAt > GONE
  }

  #begin(now: number): () => void {
    this.#begunAt = now
    // Not before other events had their turn.
    return () => void setTimeout(() => this.#end(now), 0)
  }

  #end(begunAt: number): void {
    if (this.#begunAt === begunAt) this.#begunAt = undefined
  }

  #remove(waiter: Waiter): void {
    if (this.#line.remove(waiter)) this.#bytes -= waiter.bytes
  }

  /** A request that its host ended without a word looks no more. */
  #forgetGone(now: number): void {
    for (let head = this.#line.peek(); head; head = this.#line.peek()) {
      if (now - head.seenAt <= GONE) return
      this.#remove(head)
    }
  }
}

function busy(): ApiError {
  const message =
    'body: too many other large requests wait to be parsed; ask again in a few seconds.'
  return new ApiError(503, message, { code: 'parse_queue_full', headers: { 'retry-after': '2' } })
}
