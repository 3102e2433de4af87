/** Which limits are used up, by the levels that a store tells. */
import type { Levels, LimitLevel, LimitName, LimitsOfKey } from '../state/limits.ts'

/** A limit that refuses, and for how many milliseconds. */
export interface Exhausted {
  by: LimitName
  wait: number
}

const MINUTE = 60_000

/**
 * The limit that refuses the next request, whatever it is; of several, the one that lasts longest. `ahead`: the
 * requests before it that are not counted yet.
 */
export function exhaustedRequests(
  levels: Levels,
  limits: LimitsOfKey,
  ahead = 0,
): Exhausted | undefined {
  const { requestsPerMinute, requestsPerDay, requestsPerMonth } = limits
  const { requests, day, month } = levels
  let longest = exhaustedBucket('requests', requests, requestsPerMinute, ahead)
  if (requestsPerDay !== undefined && day.requests + ahead >= requestsPerDay) {
    longest = longerOf(longest, 'requestsPerDay', day.endsInMs)
  }
  if (requestsPerMonth !== undefined && month.requests + ahead >= requestsPerMonth) {
    longest = longerOf(longest, 'requestsPerMonth', month.endsInMs)
  }
  return longest
}

/** The limit that refuses the next request that needs tokens. */
export function exhaustedTokens(levels: Levels, limits: LimitsOfKey): Exhausted | undefined {
  const { tokensPerMinute, tokensPerDay, tokensPerMonth } = limits
  const { tokens, day, month } = levels
  let longest = exhaustedBucket('tokens', tokens, tokensPerMinute)
  if (tokensPerDay !== undefined && day.tokens >= tokensPerDay) {
    longest = longerOf(longest, 'tokensPerDay', day.endsInMs)
  }
  if (tokensPerMonth !== undefined && month.tokens >= tokensPerMonth) {
    longest = longerOf(longest, 'tokensPerMonth', month.endsInMs)
  }
  return longest
}

function exhaustedBucket(
  by: LimitName,
  level: LimitLevel | undefined,
  limit: number | undefined,
  ahead = 0,
): Exhausted | undefined {
  // A level of another limit was told before the settings were read again.
  if (level === undefined || level.limit !== limit || level.remaining - ahead >= 1) return undefined
  return longerOf(undefined, by, level.fullInMs - ((limit - 1 - ahead) * MINUTE) / limit)
}

function longerOf(longest: Exhausted | undefined, by: LimitName, wait: number) {
  return wait > (longest?.wait ?? 0) ? { by, wait } : longest
}
