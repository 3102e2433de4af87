import type { Levels, LimitsOfKey } from '../state/limits.ts'
import { type Exhausted, exhaustedRequests, exhaustedTokens } from './exhausted.ts'

/** The most keys whose refusals are remembered. */
const MOST = 1_000

/** Milliseconds for which tokens that were used up are taken to be so: requests elsewhere may end. */
const TOKENS_KNOWN = 1_000

/**
 * Milliseconds for which anything is taken to be used up: until a day or month ends, its quota may be raised, or
 * the store may lose its counts.
 */
const MOST_KNOWN = 60_000

interface Denial {
  levels: Levels
  at: number
  /** Until when requests are refused, and until when those that need tokens are. */
  requestsUntil: number
  tokensUntil: number
}

/** A limit that is known to be used up. */
export interface KnownRefusal extends Exhausted {
  levels: Levels
}

/** The keys that have nothing left, so that nobody has to be asked about their next request. */
export class Denials {
  readonly #byKey = new Map<string, Denial>()
  readonly #clock: () => number

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  /** Remembers what a store has told of a key. */
  learn(key: string, limits: LimitsOfKey, levels: Levels): void {
    const requests = exhaustedRequests(levels, limits)
    const tokens = exhaustedTokens(levels, limits)
    if (requests === undefined && tokens === undefined) {
      if (this.#byKey.size > 0) this.#byKey.delete(key)
      return
    }
    const at = this.#clock()
    this.#byKey.set(key, {
      ...{ levels, at },
      requestsUntil: at + Math.min(requests?.wait ?? 0, MOST_KNOWN),
      tokensUntil: at + Math.min(tokens?.wait ?? 0, TOKENS_KNOWN),
    })
    if (this.#byKey.size > MOST) this.#forget(at)
  }

  /** Tokens of a key may have been given back. */
  refund(key: string): void {
    const denial = this.#byKey.get(key)
    if (denial !== undefined) denial.tokensUntil = 0
  }

  /** Whether nothing is known against a key. */
  has(key: string): boolean {
    return this.#byKey.size > 0 && this.#byKey.has(key)
  }

  /** What refuses the next request of a key; undefined where that is not known, or does not last any more. */
  find(key: string, limits: LimitsOfKey, needsTokens: boolean): KnownRefusal | undefined {
    const denial = this.#byKey.get(key)
    if (denial === undefined) return undefined
    const { levels, at, requestsUntil, tokensUntil } = denial
    const now = this.#clock()
    if (now >= requestsUntil && now >= tokensUntil) this.#byKey.delete(key)
    const byRequests = now < requestsUntil ? exhaustedRequests(levels, limits) : undefined
    const byTokens = needsTokens && now < tokensUntil ? exhaustedTokens(levels, limits) : undefined
    const found = byRequests ?? byTokens
    const passed = now - at
    // Of fewer limits than it was remembered for, the longest may have ended.
    if (found === undefined || found.wait <= passed) return undefined
    return { by: found.by, wait: found.wait - passed, levels: later(levels, passed) }
  }

  #forget(now: number): void {
    for (const [key, { requestsUntil, tokensUntil }] of this.#byKey) {
      if (now >= requestsUntil && now >= tokensUntil) this.#byKey.delete(key)
    }
    for (const key of this.#byKey.keys()) {
      if (this.#byKey.size <= MOST) return
      this.#byKey.delete(key)
    }
  }
}

/** The levels after some time in which nothing was used. */
export function later(levels: Levels, passed: number): Levels {
  const { requests, tokens } = levels
  const since = (level: NonNullable<typeof requests>) => {
    const fullInMs = Math.max(0, level.fullInMs - passed)
    const left = Math.floor(level.limit - (fullInMs * level.limit) / 60_000)
    // Times are rounded: nothing that was left is lost by that.
    return { limit: level.limit, remaining: Math.max(level.remaining, left), fullInMs }
  }
  return {
    ...levels,
    ...(requests && { requests: since(requests) }),
    ...(tokens && { tokens: since(tokens) }),
  }
}
