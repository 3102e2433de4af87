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
  /** `caller`: the engine answered so, and the request may have provoked it: it counts for its caller. */
  failed(now: number, by?: 'caller'): void
  /** It ended without showing anything about the engine: its client left, say. */
  forgotten(): void
}

/**
 * The cause of a failure that no request can have provoked, such as a refused connection: it counts
 * for all callers.
 */
const ANYONE = Symbol('anyone')

/** An answer that came to its end; `by` is whom its failure counts for. */
interface Answer {
  at: number
  failed: boolean
  by?: string | typeof ANYONE
}

/**
 * Keeps requests from an engine that fails. Times are milliseconds of `performance.now()`.
 *
 * Answered failures count for those whose requests they answered. Where all came to one caller, only
 * that one is kept from the engine. Where two or more got them, a probe of another caller decides
 * before others are kept from it too. An engine that can't be reached is left alone by everyone.
 */
export class Breaker {
  #inARow = 0
  #answers: Answer[] = []
  #isOpen = false
  /** Those whose failures opened it. */
  #blamed = new Set<string | typeof ANYONE>()
  /** Whether it is open to all others as well. */
  #isForAll = false
  #openUntil = 0
  #rest = REST.first
  #probe: Pass | undefined

  state(now: number): BreakerState {
    if (!this.#isOpen) return 'closed'
    // The next request of another caller finds out. Where callers have no names there is no other.
    const isForOne = !this.#isForAll && this.#blamed.size === 1 && !this.#blamed.has('')
    return now < this.#openUntil && !isForOne ? 'open' : 'half-open'
  }

  /** Whether a request of this caller may go now; of any caller, where none is named. */
  isPassable(now: number, who?: string): boolean {
    if (!this.#isOpen || this.#isSpared(who)) return true
    return this.#probe === undefined && (now >= this.#openUntil || this.#isOther(who))
  }

  /** Whether a caller had no part in its opening, and it is not open to all. */
  #isOther(who: string | undefined): boolean {
    return who !== undefined && !this.#isForAll && !this.#blamed.has(who)
  }

  /** Whether only another caller is kept from the engine. */
  #isSpared(who: string | undefined): boolean {
    return this.#isOther(who) && this.#blamed.size === 1
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
  enter(now: number, who = ''): Pass {
    const isProbe = this.#isOpen && this.isPassable(now, who) && !this.#isSpared(who)
    const pass = new OnePass(this, isProbe, this.#isOpen, who)
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
    this.#isForAll = false
    this.#blamed.clear()
    this.#probe = undefined
    this.#rest = REST.first
    this.#answers = []
  }

  /** The engine failed; `who` is whom that counts for, or anyone. */
  fail(now: number, who?: string): void {
    const by = who ?? ANYONE
    this.#inARow++
    this.remember(now, true, by)
    if (this.#isOpen) this.#failAgain(now, by)
    else if (this.#isTooMuch()) {
      this.#isOpen = true
      this.#openUntil = now + this.#rest
      for (const blamed of this.#causes()) this.#blamed.add(blamed)
      this.#isForAll = this.#blamed.size === 1 && this.#blamed.has(ANYONE)
    }
  }

  /** It failed although it was open. */
  #failAgain(now: number, by: string | typeof ANYONE): void {
    if (!this.#isForAll && (by === ANYONE || !this.#blamed.has(by))) {
      this.#isForAll = this.#blamed.size > 1
      this.#blamed.add(by)
      this.#openUntil = now + this.#rest
      return
    }
    // That says nothing new until the rest is over.
    if (now < this.#openUntil) return
    this.#rest = Math.min(this.#rest * 2, REST.most)
    this.#openUntil = now + this.#rest
  }

  /** Whom the failures count for that open it: those in a row, or all of late. */
  #causes(): (string | typeof ANYONE)[] {
    const failures = this.#answers.filter((answer) => answer.failed)
    const causes = this.#inARow >= OPENS.inARow ? failures.slice(-this.#inARow) : failures
    return causes.map(({ by }) => by ?? ANYONE)
  }

  /** An answer came to its end. */
  remember(at: number, failed: boolean, by?: string | typeof ANYONE): void {
    this.#answers.push({ at, failed, ...(by !== undefined && { by }) })
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
  readonly #who: string
  readonly #breaker: Breaker
  #isOver = false

  constructor(breaker: Breaker, isProbe: boolean, wasOpen: boolean, who: string) {
    this.#who = who
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

  failed(now: number, by?: 'caller'): void {
    if (this.#end()) this.#breaker.fail(now, by && this.#who)
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
