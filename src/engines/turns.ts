import { ApiError } from '../wire/errors.ts'

/** Seconds a client is told to wait where nothing is known of how long a turn takes. */
const GUESS = 5

interface Waiter {
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
  readonly #line: Waiter[] = []
  #isTaken = false
  /** Seconds a turn took lately. */
  #usual: number | undefined

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
    if (this.#line.length >= this.#most) return Promise.reject(this.#full())
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#line.splice(this.#line.indexOf(waiter), 1)
        reject(signal.reason)
      }
      const waiter: Waiter = {
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
      isShared: () => this.#line[0]?.purpose === purpose,
      end: () => {
        if (hasEnded) return
        hasEnded = true
        this.#learn((performance.now() - startedAt) / 1000)
        this.#isTaken = false
        this.#line.shift()?.start()
      },
    }
  }

  #learn(seconds: number): void {
    this.#usual = this.#usual === undefined ? seconds : this.#usual * 0.7 + seconds * 0.3
  }

  #full(): ApiError {
    const ahead = this.#line.length + 1
    const seconds = Math.max(1, Math.ceil(ahead * (this.#usual ?? GUESS)))
    const message = `The engine is busy and ${this.#line.length} requests wait already; ask again in about ${seconds} s.`
    return new ApiError(503, message, {
      code: 'engine_busy',
      headers: { 'retry-after': String(seconds) },
    })
  }
}
