/** When the store was away, or became another one, so that what it says of runs may not be true yet. */
import type { RedisClient } from './client.ts'
import type { CallOutcome } from './connection.ts'

/** Milliseconds of failures after which some may not come back in time to renew their leases. */
const LONG = 1_000
/** Milliseconds in which owners come back after that: the longest pause of a breaker, and to connect. */
const RETURN = 12_000

/**
 * Told of every call of this instance to the store. Instances say every five seconds that they live, so each one
 * notices every outage that is as long as a lease.
 */
export class Outages {
  readonly #clock: () => number
  #failingSince: number | undefined
  #endedAt = Number.NEGATIVE_INFINITY
  #server: string | undefined
  #replacedAt = Number.NEGATIVE_INFINITY

  constructor(clock = () => performance.now()) {
    this.#clock = clock
  }

  note(outcome: CallOutcome): void {
    const now = this.#clock()
    if (outcome === 'timeout' || outcome === 'away') {
      this.#failingSince ??= now
      return
    }
    // It may have been answered, or its connection was closed as another call was not: no sign of either.
    if (outcome === 'error') return
    if (this.#failingSince !== undefined && now - this.#failingSince >= LONG) this.#endedAt = now
    this.#failingSince = undefined
  }

  /** Looks at a server that was connected: one that was started anew, or took over, may lack what it should have. */
  async look(client: RedisClient): Promise<void> {
    const reply = await client.send(['INFO', 'server'], undefined).catch(() => '')
    const id = /^run_id:(\w+)/m.exec(String(reply))?.[1]
    if (id === undefined) return
    if (this.#server !== undefined && this.#server !== id) this.#replacedAt = this.#clock()
    this.#server = id
  }

  /** Whether a producer may live whose lease has ended. */
  get mayHaveMissedRenewals(): boolean {
    return this.#clock() - Math.max(this.#endedAt, this.#replacedAt) < RETURN
  }

  /** Whether a run may be produced that the server does not know. */
  get mayLackRuns(): boolean {
    return this.#clock() - this.#replacedAt < RETURN
  }
}
