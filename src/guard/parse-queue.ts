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

/**
 * Milliseconds between two looks of the first in line, and of those behind. Nobody is woken by another:
 * where requests are isolated that may not be.
 */
const LOOK = { first: 1, behind: 10 }

/** Milliseconds after which one who looks no more counts as gone. */
const GONE = 2_000

interface Waiter extends Waiting {
  bytes: number
  /** When he looked last, and how many bodies had been begun by then. */
  seenAt: number
  begun: number
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
  /** How many bodies were begun. */
  #begun = 0

  /**
   * Resolves when a body is to be parsed: at once, before the caller waits for anything else. Rejects with an
   * `ApiError` (503) where too much waits or the wait was too long, and with the signal's reason.
   */
  async take({ bytes, who, signal, timeout }: ParseWish): Promise<void> {
    if (this.#bytes + bytes > MOST_BYTES || this.#line.size >= MOST_BODIES) throw busy()
    const startedAt = performance.now()
    const waiter: Waiter = { who, bytes, seenAt: startedAt, begun: this.#begun }
    this.#line.push(waiter)
    this.#bytes += bytes
    try {
      do {
        if (waiter.seenAt - startedAt > timeout) throw busy()
        await pause(this.#line.peek() === waiter ? LOOK.first : LOOK.behind, signal)
        waiter.seenAt = performance.now()
        this.#forgetGone(waiter.seenAt)
      } while (!this.#isNext(waiter))
      this.#begun++
      // The client's turn comes again after all others.
      this.#line.take()
      this.#bytes -= bytes
    } catch (error) {
      this.#remove(waiter)
      throw error
    }
  }

  /**
   * Whether he is the first in line, and no body was begun since he looked last: then everything else
   * that was ready has run in between.
   */
  #isNext(waiter: Waiter): boolean {
    const isQuiet = waiter.begun === this.#begun
    waiter.begun = this.#begun
    return isQuiet && this.#line.peek() === waiter
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
