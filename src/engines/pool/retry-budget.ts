/**
 * The sliding window in milliseconds, and the buckets in which it counts: the oldest expires whole.
 */
const WINDOW = { ms: 30_000, buckets: 30 }

/** Retries allowed within the window: a share of the requests, or a minimum when there are few. */
const ALLOWED_RETRIES = { share: 0.1, min: 5 }

interface Bucket {
  requests: number
  retries: number
}

/**
 * Limits retries to a share of the requests. Without it, the failure of one engine would double the
 * load of the others. Times are milliseconds of `performance.now()`.
 */
export class RetryBudget {
  readonly #buckets: Bucket[] = Array.from({ length: WINDOW.buckets }, () => ({
    requests: 0,
    retries: 0,
  }))
  /** The current bucket, numbered from time 0. */
  #current = 0

  countRequest(now: number): void {
    this.#at(now).requests++
  }

  /** Whether one more retry is allowed; if so, counts it. */
  withdraw(now: number): boolean {
    const current = this.#at(now)
    let requests = 0
    let retries = 0
    for (const bucket of this.#buckets) {
      requests += bucket.requests
      retries += bucket.retries
    }
    if (retries + 1 > Math.max(ALLOWED_RETRIES.min, requests * ALLOWED_RETRIES.share)) return false
    current.retries++
    return true
  }

  /** The bucket of a time. Clears those that have expired since the last call. */
  #at(now: number): Bucket {
    const number = Math.floor(now / (WINDOW.ms / WINDOW.buckets))
    const passed = Math.min(number - this.#current, WINDOW.buckets)
    for (let step = 1; step <= passed; step++) {
      Object.assign(this.#bucket(number - passed + step), { requests: 0, retries: 0 })
    }
    this.#current = Math.max(this.#current, number)
    return this.#bucket(this.#current)
  }

  #bucket(number: number): Bucket {
    return this.#buckets[number % WINDOW.buckets] as Bucket
  }
}

/**
 * The most callers with a budget at the same time. A caller whose budget was evicted gets a new
 * one.
 */
const MAX_CALLERS = 1_000

/**
 * One retry budget per caller: requests of one caller that always fail must not use up the retries
 * that move another caller's requests to a working engine.
 */
export class RetryBudgets {
  /** The most recently used are last. */
  readonly #budgets = new Map<string, RetryBudget>()

  /** `caller`: the name of the client's key; empty where clients are not distinguished. */
  forCaller(caller: string): RetryBudget {
    const budget = this.#budgets.get(caller) ?? new RetryBudget()
    this.#budgets.delete(caller)
    this.#budgets.set(caller, budget)
    const [oldest] = this.#budgets.keys()
    if (this.#budgets.size > MAX_CALLERS && oldest !== undefined) this.#budgets.delete(oldest)
    return budget
  }
}
