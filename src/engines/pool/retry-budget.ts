/** Milliseconds that requests count, in slots of which the oldest is forgotten as a whole. */
const WINDOW = { ms: 30_000, slots: 30 }

/** How much more than one attempt a request may take on average, and what a quiet server may do. */
const ALLOWED = { share: 0.1, least: 5 }

/**
 * Bounds the load that trying again adds: otherwise the engines that are left when one fails would
 * be asked for twice as much. Times are milliseconds of `performance.now()`.
 */
export class RetryBudget {
  readonly #slots = Array.from({ length: WINDOW.slots }, () => ({ requests: 0, retries: 0 }))
  /** The slot that counts now, numbered from the beginning of time. */
  #current = 0

  /** A request came. */
  request(now: number): void {
    this.#at(now).requests++
  }

  /** Whether a request may be tried once more; if so, that counts. */
  withdraw(now: number): boolean {
    const slot = this.#at(now)
    let requests = 0
    let retries = 0
    for (const each of this.#slots) {
      requests += each.requests
      retries += each.retries
    }
    if (retries + 1 > Math.max(ALLOWED.least, requests * ALLOWED.share)) return false
    slot.retries++
    return true
  }

  #at(now: number): { requests: number; retries: number } {
    const number = Math.floor(now / (WINDOW.ms / WINDOW.slots))
    const passed = Math.min(number - this.#current, WINDOW.slots)
    for (let step = 1; step <= passed; step++) {
      Object.assign(this.#slot(number - passed + step), { requests: 0, retries: 0 })
    }
    this.#current = Math.max(this.#current, number)
    return this.#slot(this.#current)
  }

  #slot(number: number): { requests: number; retries: number } {
    return this.#slots[number % WINDOW.slots] as { requests: number; retries: number }
  }
}

/** Budgets that are kept: a caller whose budget is forgotten begins anew. */
const MOST = 1_000

/**
 * A budget for each caller: one whose requests always fail must not use up what lets another's move
 * on to an engine that works.
 */
export class RetryBudgets {
  /** Those used last are at the end. */
  readonly #budgets = new Map<string, RetryBudget>()

  /** `who`: the caller, where callers are told apart. */
  of(who: string): RetryBudget {
    const budget = this.#budgets.get(who) ?? new RetryBudget()
    this.#budgets.delete(who)
    this.#budgets.set(who, budget)
    const [oldest] = this.#budgets.keys()
    if (this.#budgets.size > MOST && oldest !== undefined) this.#budgets.delete(oldest)
    return budget
  }
}
