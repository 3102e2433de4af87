/** What is left of a rate limit at any time after it was told: a bucket refills at a steady rate. */

/** A limit for a minute, as the activity feed has it. */
export interface Level {
  limit: number
  remaining: number
  fullInMs: number
}

export interface LevelNow {
  /** What may be used now, in whole units; 0 where the limit is used up. */
  left: number
  /** What was used beyond the limit, as an answer may take more than was expected of it. */
  debt: number
  /** `left` as a part of the limit, from 0 to 1, not rounded. */
  share: number
  fullInMs: number
  /** Milliseconds until one more unit may be used; 0 if one may now. */
  freeInMs: number
}

const MINUTE = 60_000

/** `elapsed`: milliseconds since it was told. */
export function levelAt({ limit, remaining, fullInMs }: Level, elapsed: number): LevelNow {
  const rest = Math.max(0, fullInMs - elapsed)
  if (rest === 0 || limit <= 0) {
    return { left: limit, debt: 0, share: limit > 0 ? 1 : 0, fullInMs: 0, freeInMs: 0 }
  }
  // The time says more than what remains, which is never below 0 and is rounded.
  const start = remaining > 0 ? remaining : Math.min(0.999, limit - (fullInMs * limit) / MINUTE)
  const amount = limit - ((limit - start) * rest) / fullInMs
  const perMs = (limit - start) / fullInMs
  return {
    left: Math.max(0, Math.floor(amount)),
    debt: Math.max(0, Math.ceil(-amount)),
    share: Math.min(1, Math.max(0, amount / limit)),
    fullInMs: rest,
    freeInMs: amount >= 1 ? 0 : (1 - amount) / perMs,
  }
}
