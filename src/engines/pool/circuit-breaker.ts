/**
 * `closed`: requests pass. `open`: requests are refused. `half-open`: one request passes as a
 * probe, and its outcome decides.
 */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** Opens after this many consecutive failures, or this share of failures among enough answers. */
const OPENS_AFTER = { consecutive: 5, share: 0.5, minAnswers: 20 }

/** Milliseconds for which an answer counts. */
const WINDOW = 30_000

/**
 * Milliseconds the breaker stays open: at first, and at most. Each failed probe doubles the time.
 */
const OPEN_TIME = { first: 5_000, max: 60_000 }

/**
 * The permission to send one request. `succeeded`, `failed` and `ignored` end it: the first call
 * counts, later ones do nothing.
 */
export interface BreakerPermit {
  /** Whether this request is the probe that decides whether the breaker closes. */
  readonly isProbe: boolean
  /** The first chunk came: the engine works, however the stream ends. */
  answered(): void
  succeeded(now: number): void
  /**
   * `by: 'caller'`: the engine answered with a failure that the request may have provoked, so that
   * it counts for its caller alone.
   */
  failed(now: number, by?: 'caller'): void
  /**
   * The request ended without showing anything about the engine; its client hung up, for example.
   */
  ignored(): void
}

/**
 * In place of a caller: the cause of failures that no request can have provoked, such as a refused
 * connection. They count for all callers.
 */
const ANYONE = Symbol('anyone')

/** A finished answer; `by` is the caller a failure counts for. */
interface Answer {
  at: number
  failed: boolean
  by?: string | typeof ANYONE
}

/**
 * Stops requests to an engine that keeps failing. Times are milliseconds of `performance.now()`.
 *
 * An engine that can't be reached is closed to every caller. A failure that the engine itself
 * answered with counts for the caller of that request, who may have provoked it: while all such
 * failures came to one caller, only that caller is refused. Once two or more callers got them, the
 * breaker is half-open for the others: the probe of one of them decides whether it opens for all.
 */
export class CircuitBreaker {
  #consecutiveFailures = 0
  #answers: Answer[] = []
  #isOpen = false
  /** The callers whose failures opened it. */
  #blamed = new Set<string | typeof ANYONE>()
  /** Whether it refuses every caller, blamed or not. */
  #refusesAll = false
  #openUntil = 0
  #openTime = OPEN_TIME.first
  #probe: BreakerPermit | undefined

  state(now: number): BreakerState {
    if (!this.#isOpen) return 'closed'
    // Open for one caller, it is half-open for the others; unless clients have no names (''), which
    // leaves no other caller.
    const isForOne = !this.#refusesAll && this.#blamed.size === 1 && !this.#blamed.has('')
    return now < this.#openUntil && !isForOne ? 'open' : 'half-open'
  }

  /** Whether a request of this caller may be sent now; of any caller, if none is given. */
  allows(now: number, caller?: string): boolean {
    if (!this.#isOpen || this.#isUnaffected(caller)) return true
    return this.#probe === undefined && (now >= this.#openUntil || this.#isUninvolved(caller))
  }

  /** Whether this caller caused none of the failures, and not everyone is refused. */
  #isUninvolved(caller: string | undefined): boolean {
    return caller !== undefined && !this.#refusesAll && !this.#blamed.has(caller)
  }

  /** Whether the breaker refuses another caller alone. */
  #isUnaffected(caller: string | undefined): boolean {
    return this.#isUninvolved(caller) && this.#blamed.size === 1
  }

  /** Milliseconds until a request may pass; 0 if it may now. */
  retryIn(now: number): number {
    if (this.allows(now)) return 0
    return Math.max(this.#openUntil - now, 1_000)
  }

  /** The engine seems to be back: the next request may probe it without waiting. */
  allowProbe(now: number): void {
    this.#openUntil = Math.min(this.#openUntil, now)
  }

  /**
   * Lets a request pass even if `allows` is false: it may be the only engine that has the model.
   */
  acquire(now: number, caller = ''): BreakerPermit {
    const isProbe = this.#isOpen && this.allows(now, caller) && !this.#isUnaffected(caller)
    const permit = new Permit(this, isProbe, this.#isOpen, caller)
    if (isProbe) this.#probe = permit
    return permit
  }

  /** Whether a request's outcome describes the engine as it is now: not if it was sent before. */
  isInformative({ isProbe, wasOpen }: Permit): boolean {
    return isProbe || wasOpen || !this.#isOpen
  }

  /** A permit has ended, with any outcome. */
  release(permit: BreakerPermit): void {
    if (this.#probe === permit) this.#probe = undefined
  }

  /** The engine works again: forgets its failures. */
  close(): void {
    this.#consecutiveFailures = 0
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#refusesAll = false
    this.#blamed.clear()
    this.#probe = undefined
    this.#openTime = OPEN_TIME.first
    this.#answers = []
  }

  /** Counts a failure for a caller; for all of them, if none is given. */
  fail(now: number, caller?: string): void {
    const by = caller ?? ANYONE
    this.#consecutiveFailures++
    this.remember(now, true, by)
    if (this.#isOpen) this.#failWhileOpen(now, by)
    else if (this.#shouldOpen()) {
      this.#isOpen = true
      this.#openUntil = now + this.#openTime
      for (const blamed of this.#causes()) this.#blamed.add(blamed)
      this.#refusesAll = this.#blamed.size === 1 && this.#blamed.has(ANYONE)
    }
  }

  /** A request failed that was let through while the breaker was open. */
  #failWhileOpen(now: number, by: string | typeof ANYONE): void {
    if (!this.#refusesAll && (by === ANYONE || !this.#blamed.has(by))) {
      this.#refusesAll = this.#blamed.size > 1
      this.#blamed.add(by)
      this.#openUntil = now + this.#openTime
      return
    }
    // Other requests sent before it opened may still fail: they do not prolong the open time.
    if (now < this.#openUntil) return
    this.#openTime = Math.min(this.#openTime * 2, OPEN_TIME.max)
    this.#openUntil = now + this.#openTime
  }

  /**
   * The callers that the opening failures count for: the consecutive ones, or all in the window.
   */
  #causes(): (string | typeof ANYONE)[] {
    const failures = this.#answers.filter((answer) => answer.failed)
    const causes =
      this.#consecutiveFailures >= OPENS_AFTER.consecutive
        ? failures.slice(-this.#consecutiveFailures)
        : failures
    return causes.map(({ by }) => by ?? ANYONE)
  }

  /** Counts an answer that ended. */
  remember(at: number, failed: boolean, by?: string | typeof ANYONE): void {
    this.#answers.push({ at, failed, ...(by !== undefined && { by }) })
    const first = this.#answers.findIndex((answer) => answer.at > at - WINDOW)
    // A busy engine's last hundred answers suffice, and keep this array small.
    this.#answers.splice(0, Math.max(first, this.#answers.length - 100))
  }

  #shouldOpen(): boolean {
    if (this.#consecutiveFailures >= OPENS_AFTER.consecutive) return true
    const failed = this.#answers.filter((answer) => answer.failed).length
    return (
      this.#answers.length >= OPENS_AFTER.minAnswers &&
      failed / this.#answers.length >= OPENS_AFTER.share
    )
  }
}

class Permit implements BreakerPermit {
  readonly isProbe: boolean
  /** Whether the breaker was open when the request was sent. */
  readonly wasOpen: boolean
  readonly #caller: string
  readonly #breaker: CircuitBreaker
  #hasEnded = false

  constructor(breaker: CircuitBreaker, isProbe: boolean, wasOpen: boolean, caller: string) {
    this.#caller = caller
    this.#breaker = breaker
    this.isProbe = isProbe
    this.wasOpen = wasOpen
  }

  answered(): void {
    if (this.#breaker.isInformative(this)) this.#breaker.close()
  }

  succeeded(now: number): void {
    if (!this.#endOnce() || !this.#breaker.isInformative(this)) return
    this.#breaker.close()
    this.#breaker.remember(now, false)
  }

  failed(now: number, by?: 'caller'): void {
    if (this.#endOnce()) this.#breaker.fail(now, by && this.#caller)
  }

  ignored(): void {
    this.#endOnce()
  }

  /** Returns whether this is the first call that ends the permit. */
  #endOnce(): boolean {
    const isFirst = !this.#hasEnded
    this.#hasEnded = true
    this.#breaker.release(this)
    return isFirst
  }
}
