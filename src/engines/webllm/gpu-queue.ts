import { FairQueue, type FairQueueEntry } from '../../util/fair-queue.ts'
import { MovingAverage } from '../../util/moving-average.ts'
import { ASSUMED_DURATION, queueFull } from '../pool/queue-full.ts'

interface Waiter extends FairQueueEntry {
  /** What the turn is for: equal words can share what was made ready. */
  purpose: string
  start: () => void
}

/** A turn that was given; whoever has it is alone until it ends. */
export interface Turn {
  /** Whether the next in line waits for the same purpose. */
  isShared(): boolean
  /** Gives the turn to the next in line. Doing it again does nothing. */
  end(): void
}

/** Lets one request at a time to what can only do one thing at a time, in the order they came. */
export class Turns {
  readonly #most: number
  readonly #line = new FairQueue<Waiter>()
  readonly #average = new MovingAverage(ASSUMED_DURATION)
  #isTaken = false

  /** `most`: how many may wait in line. */
  constructor(most: number) {
    this.#most = most
  }

  get isFree(): boolean {
    return !this.#isTaken
  }

  /**
   * Resolves when it is this request's turn. Rejects with an `ApiError` (503) where too many wait
   * already, and with the signal's reason where it aborts in line.
   */
  take(purpose: string, signal: AbortSignal): Promise<Turn> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (!this.#isTaken) return Promise.resolve(this.#give(purpose))
    const { size } = this.#line
    if (size >= this.#most) return Promise.reject(queueFull(size, size + 1, 1, this.#average.value))
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#line.remove(waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        caller: '',
        purpose,
        start: () => {
          signal.removeEventListener('abort', leave)
          resolve(this.#give(purpose))
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#line.push(waiter)
    })
  }

  #give(purpose: string): Turn {
    this.#isTaken = true
    const startedAt = performance.now()
    let hasEnded = false
    return {
      isShared: () => this.#line.peek()?.purpose === purpose,
      end: () => {
        if (hasEnded) return
        hasEnded = true
        this.#average.add((performance.now() - startedAt) / 1000)
        this.#isTaken = false
        this.#line.takeNext()?.start()
      },
    }
  }
}
