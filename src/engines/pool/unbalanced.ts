/**
 * A pool without limits: each request gets the first of the engines, in the order of the settings, that is not down and
 * did not fail lately.
 */
import { SettingsError } from '../../settings/error.ts'
import type { Balancing } from './balancing.ts'
import type { BreakerPermit, EngineBreaker } from './circuit-breaker.ts'
import { Slot } from './slot.ts'

/** Milliseconds for which an engine that failed is asked after the others, and the most callers that it remembers. */
const SET_BACK = { ms: 10_000, callers: 1_000 }

/**
 * Remembers whose requests an engine failed, so that others are asked before it: retries are for few requests. It
 * refuses nobody, and what a caller may have provoked counts for that caller alone.
 */
class Setbacks implements EngineBreaker {
  /** When it is asked in its turn again, by caller; undefined is everyone. */
  readonly #until = new Map<string | undefined, number>()

  readonly state = () => 'closed' as const
  readonly allows = () => true

  retryIn(now: number, caller = ''): number {
    const until = Math.max(this.#until.get(undefined) ?? 0, this.#until.get(caller) ?? 0)
    return Math.max(0, until - now)
  }

  allowProbe(): void {
    this.#until.delete(undefined)
  }

  acquire(now: number, caller = ''): BreakerPermit {
    // While this request finds out whether it works again, others need not.
    for (const who of [undefined, caller]) if (this.#until.has(who)) this.#setBack(who, now)
    let isOver = false
    const works = () => {
      if (!isOver) for (const who of [undefined, caller]) this.#until.delete(who)
      isOver = true
    }
    return {
      isProbe: false,
      answered: works,
      succeeded: works,
      failed: (at, by) => {
        if (!isOver) this.#setBack(by && caller, at)
        isOver = true
      },
      ignored() {
        isOver = true
      },
    }
  }

  #setBack(who: string | undefined, now: number): void {
    this.#until.delete(who)
    this.#until.set(who, now + SET_BACK.ms)
    const [first] = this.#until.keys()
    if (this.#until.size > SET_BACK.callers) this.#until.delete(first)
  }
}

const owner = { onFree() {} }

export const unbalanced: Balancing = {
  check(engines) {
    const limited = engines.find(({ maxConcurrency }) => maxConcurrency !== undefined)
    if (limited === undefined) return
    throw new SettingsError(
      `engines: expected none with maxConcurrency, as this handler is composed without the part "balancing", got ${limited.label}; add the part, or remove the limit.`,
    )
  },
  breaker: () => new Setbacks(),
  limiter: () => ({
    maxQueued: 0,
    waiting: 0,
    places: () => new Map(),
    assignFreeSlots() {},
    acquire(request) {
      const { members, caller } = request
      const now = performance.now()
      const up = members.filter(({ isDown, isGone }) => !isDown && !isGone)
      const ready = up.find(
        ({ backoffUntil, breaker }) => now >= backoffUntil && breaker.retryIn(now, caller) === 0,
      )
      const member = ready ?? up[0] ?? members[0]
      if (member === undefined) throw new TypeError('a request has at least one engine')
      return new Slot(owner, member, now, request)
    },
  }),
}
