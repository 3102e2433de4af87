/** `open`: not asked. `half-open`: asked by one request, whose fate decides. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** What opens it: so many failures in a row, or this share of at least so many answers. */
const OPENS = { inARow: 5, share: 0.5, of: 20 }

/** Milliseconds that answers are remembered for. */
const REMEMBERED = 30_000

/** Milliseconds it stays open at first; twice as long after each probe that fails, up to the most. */
const REST = { first: 5_000, most: 60_000 }

/** A request that was let through. One of its ends is told, once; another does nothing. */
export interface Pass {
  /** Whether this is the one request that finds out whether the engine is back. */
  readonly isProbe: boolean
  /** The first chunk came: the engine is alive, whatever becomes of the rest. */
  answered(): void
  succeeded(now: number): void
  failed(now: number): void
  /** It ended without showing anything about the engine: its client left, say. */
  forgotten(): void
}

/**
 * Keeps requests from an engine that fails. Times are milliseconds of `performance.now()`.
 */
export class Breaker {
  #inARow = 0
  #answers: { at: number; failed: boolean }[] = []
  #isOpen = false
  #openUntil = 0
  #rest = REST.first
  #probe: Pass | undefined

  state(now: number): BreakerState {
    if (!this.#isOpen) return 'closed'
    return now < this.#openUntil ? 'open' : 'half-open'
  }

  /** Whether a request may go now. */
  isPassable(now: number): boolean {
    return !this.#isOpen || (now >= this.#openUntil && this.#probe === undefined)
  }

  /** Milliseconds until it is worth asking again; 0 where it may be asked now. */
  wait(now: number): number {
    if (this.isPassable(now)) return 0
    return Math.max(this.#openUntil - now, 1_000)
  }

  /** There is a sign that the engine is back: the next request may find out at once. */
  hint(now: number): void {
    this.#openUntil = Math.min(this.#openUntil, now)
  }

  /** Lets a request through, whether or not it is passable: whoever has no choice may ask for it. */
  enter(now: number): Pass {
    const isProbe = this.#isOpen && this.isPassable(now)
    const pass = new OnePass(this, isProbe, this.#isOpen)
    if (isProbe) this.#probe = pass
    return pass
  }

  /** Whether what became of a pass tells how the engine is now. */
  isNews({ isProbe, wasOpen }: OnePass): boolean {
    return isProbe || wasOpen || !this.#isOpen
  }

  /** A pass has ended, whatever it showed. */
  leave(pass: Pass): void {
    if (this.#probe === pass) this.#probe = undefined
  }

  /** The engine answers. */
  close(): void {
    this.#inARow = 0
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#probe = undefined
    this.#rest = REST.first
    this.#answers = []
  }

  /** The engine failed. */
  fail(now: number): void {
    this.#inARow++
    this.remember(now, true)
    if (this.#isOpen) {
      // One that failed although it was open says nothing new until the rest is over.
      if (now < this.#openUntil) return
      this.#rest = Math.min(this.#rest * 2, REST.most)
      this.#openUntil = now + this.#rest
    } else if (this.#isTooMuch()) {
      this.#isOpen = true
      this.#openUntil = now + this.#rest
    }
  }

  /** An answer came to its end. */
  remember(at: number, failed: boolean): void {
    this.#answers.push({ at, failed })
    const first = this.#answers.findIndex((answer) => answer.at > at - REMEMBERED)
    // The last hundred tell enough of a busy engine.
    this.#answers.splice(0, Math.max(first, this.#answers.length - 100))
  }

  #isTooMuch(): boolean {
    if (this.#inARow >= OPENS.inARow) return true
    const failed = this.#answers.filter((answer) => answer.failed).length
    return this.#answers.length >= OPENS.of && failed / this.#answers.length >= OPENS.share
  }
}

class OnePass implements Pass {
  readonly isProbe: boolean
  /** What was asked before the breaker opened says nothing about the engine as it is now. */
  readonly wasOpen: boolean
  readonly #breaker: Breaker
  #isOver = false

  constructor(breaker: Breaker, isProbe: boolean, wasOpen: boolean) {
    this.#breaker = breaker
    this.isProbe = isProbe
    this.wasOpen = wasOpen
  }

  answered(): void {
    if (this.#breaker.isNews(this)) this.#breaker.close()
  }

  succeeded(now: number): void {
    if (!this.#end() || !this.#breaker.isNews(this)) return
    this.#breaker.close()
    this.#breaker.remember(now, false)
  }

  failed(now: number): void {
    if (this.#end()) this.#breaker.fail(now)
  }

  forgotten(): void {
    this.#end()
  }

  /** Whether it is the first of its ends. */
  #end(): boolean {
    const isFirst = !this.#isOver
    this.#isOver = true
    this.#breaker.leave(this)
    return isFirst
  }
}
