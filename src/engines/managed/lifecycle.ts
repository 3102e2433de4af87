/** The states of a server that sluice starts, and which may follow which. Pure: no clock, no process. */

/**
 * - `stopped`: no process; the next request starts it.
 * - `waiting`: to be started, once there is memory.
 * - `starting`: its process runs, and is not ready.
 * - `ready`: it answers requests.
 * - `stopping`: its processes are being ended.
 * - `failed`: it did not start, or ended by itself.
 */
export type StateName = 'stopped' | 'waiting' | 'starting' | 'ready' | 'stopping' | 'failed'

const NEXT: Readonly<Record<StateName, readonly StateName[]>> = {
  stopped: ['waiting'],
  waiting: ['starting', 'stopped', 'failed'],
  starting: ['ready', 'stopping', 'failed'],
  ready: ['stopping', 'failed'],
  stopping: ['stopped', 'failed'],
  failed: ['waiting', 'stopped'],
}

/** Milliseconds before the first restart after a failure, and at most; each is twice the last one. */
const BACKOFF = { first: 1_000, max: 60_000 }

/** A server that was ready for so many milliseconds has not failed because it was started. */
export const STABLE_AFTER = 60_000

/** After so many failures in a row, requests are refused at once until the next start is due. */
export const MAX_FAILURES = 3

export class Lifecycle {
  #state: StateName = 'stopped'
  /** When the present state began. */
  #since = 0
  #failures = 0
  /** When it may be started again after a failure. */
  #retryAt = 0

  get state(): StateName {
    return this.#state
  }

  get since(): number {
    return this.#since
  }

  /** How often in a row it failed. */
  get failures(): number {
    return this.#failures
  }

  /** Enters another state. Throws where that cannot follow the present one: an error in sluice. */
  enter(state: Exclude<StateName, 'failed'>, now: number): void {
    this.#enter(state, now)
    if (state === 'stopped') this.#failures = 0
  }

  /** It ended by itself, or did not become ready. */
  fail(now: number): void {
    const wasStable = this.#state === 'ready' && now - this.#since >= STABLE_AFTER
    this.#failures = wasStable ? 1 : this.#failures + 1
    const backoff = Math.min(BACKOFF.first * 2 ** (this.#failures - 1), BACKOFF.max)
    this.#retryAt = wasStable ? now : now + backoff
    this.#enter('failed', now)
  }

  /** Milliseconds until it may be started; 0 for now. */
  untilRetry(now: number): number {
    return this.#state === 'failed' ? Math.max(0, this.#retryAt - now) : 0
  }

  /** Whether it failed so often that a request does not wait for the next start. */
  hasGivenUp(now: number): boolean {
    return this.#failures >= MAX_FAILURES && this.untilRetry(now) > 0
  }

  #enter(state: StateName, now: number): void {
    if (!NEXT[this.#state].includes(state)) {
      throw new Error(`a server that is ${this.#state} cannot become ${state}`)
    }
    this.#state = state
    this.#since = now
  }
}
