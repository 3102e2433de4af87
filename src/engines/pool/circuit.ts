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
 * Milliseconds the circuit stays open: at first, and at most. Each failed probe doubles the time.
 */
const OPEN_TIME = { first: 5_000, max: 60_000 }

/** Milliseconds for which a probe without an outcome keeps other requests waiting. */
const PROBE_TIME = 5_000

/** A request that was sent, as a circuit knows it. */
export interface Sent {
  /** Whether it is the probe that decides whether the circuit closes. */
  readonly isProbe: boolean
  /** Whether the circuit was open when it was sent. */
  readonly wasOpen: boolean
}

/**
 * Failures of one kind, and whether they are so many that requests are better refused for a while.
 * Times are milliseconds of `performance.now()`.
 */
export class Circuit {
  #consecutiveFailures = 0
  #answers: { at: number; failed: boolean }[] = []
  #isOpen = false
  #openUntil = 0
  #openTime = OPEN_TIME.first
  #probe: Sent | undefined
  #probeSince = 0

  state(now: number): BreakerState {
    if (!this.#isOpen) return 'closed'
    return now < this.#openUntil ? 'open' : 'half-open'
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether it remembers a failure. */
  hasFailures(now: number): boolean {
    return this.#isOpen || this.#answers.some(({ at, failed }) => failed && at > now - WINDOW)
  }

  allows(now: number): boolean {
    return this.retryIn(now) === 0
  }

  /** Milliseconds until a request may pass; 0 if it may now. */
  retryIn(now: number): number {
    if (!this.#isOpen) return 0
    const rest = this.#openUntil - now
    const probing = this.#probe === undefined ? 0 : this.#probeSince + PROBE_TIME - now
    return Math.max(0, rest, probing)
  }

  /** The next request may probe it without waiting. */
  allowProbe(now: number): void {
    this.#openUntil = Math.min(this.#openUntil, now)
  }

  send(now: number): Sent {
    const sent = { isProbe: this.#isOpen && this.allows(now), wasOpen: this.#isOpen }
    if (sent.isProbe) {
      this.#probe = sent
      this.#probeSince = now
    }
    return sent
  }

  /** The request has ended, with any outcome. */
  release(sent: Sent): void {
    if (this.#probe === sent) this.#probe = undefined
  }

  /** The request was answered. Says nothing of the present if it was sent before the circuit opened. */
  answered({ isProbe, wasOpen }: Sent): void {
    if (isProbe || wasOpen || !this.#isOpen) this.#close()
  }

  /** The answer to the request is complete. */
  succeeded(sent: Sent, now: number): void {
    const isOld = this.#isOpen && !sent.isProbe && !sent.wasOpen
    this.answered(sent)
    if (!isOld) this.#remember(now, false)
  }

  /** `isSuspect`: one failure is enough to open it. */
  failed(now: number, isSuspect = false): void {
    this.#consecutiveFailures++
    this.#remember(now, true)
    if (this.#isOpen) {
      // Requests that were sent before it opened may still fail: they do not prolong the open time.
      if (now < this.#openUntil) return
      this.#openTime = Math.min(this.#openTime * 2, OPEN_TIME.max)
    } else if (!isSuspect && !this.#shouldOpen()) return
    this.#isOpen = true
    this.#openUntil = now + this.#openTime
  }

  #close(): void {
    this.#consecutiveFailures = 0
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#probe = undefined
    this.#openTime = OPEN_TIME.first
    this.#answers = []
  }

  #remember(at: number, failed: boolean): void {
    this.#answers.push({ at, failed })
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
