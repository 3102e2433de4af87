/** When the store was away for so long that leases may have ended although their owners live. */
import type { CallOutcome } from './connection.ts'

/** Milliseconds of failures after which a lease may have ended that its owner wanted to renew. */
const LONG = 2_000
/** Milliseconds that owners have to come back after that: the longest pause of a breaker, and to connect. */
const RETURN = 12_000

/**
 * Told of every call of an instance to the store. Its instances say that they live every five seconds, so each
 * one notices every outage that is as long as a lease.
 */
export class Outages {
  readonly #clock: () => number
  #failingSince: number | undefined
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(clock = () => performance.now()) {
    this.#clock = clock
  }

  note(outcome: CallOutcome): void {
    const now = this.#clock()
    // What the server refused with an error, it answered.
    if (outcome === 'timeout' || outcome === 'away') {
      this.#failingSince ??= now
      return
    }
    if (this.#failingSince !== undefined && now - this.#failingSince >= LONG) this.#endedAt = now
    this.#failingSince = undefined
  }

  /** Whether owners whose leases have ended may be alive. */
  get isRecent(): boolean {
    return this.#clock() - this.#endedAt < RETURN
  }
}
