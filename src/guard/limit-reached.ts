/** What a caller is told of its limits: the error beyond one, and the headers. */
import type { Levels, LimitLevel, LimitName, LimitsOfKey } from '../state/limits.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** How a limit is told of. */
interface ToldLimit {
  field: keyof LimitsOfKey
  what: string
  /** Whether a request may need more of it than others. */
  isOfTokens?: boolean
  period?: 'day' | 'month'
}

const TOLD: Record<LimitName, ToldLimit> = {
  requests: { field: 'requestsPerMinute', what: 'requests per minute' },
  tokens: { field: 'tokensPerMinute', what: 'tokens per minute', isOfTokens: true },
  concurrency: { field: 'maxConcurrency', what: 'concurrent requests' },
  background: { field: 'maxConcurrency', what: 'concurrent responses in the background' },
  requestsPerDay: { field: 'requestsPerDay', what: 'requests per day', period: 'day' },
  tokensPerDay: {
    field: 'tokensPerDay',
    what: 'tokens per day',
    isOfTokens: true,
    period: 'day',
  },
  requestsPerMonth: { field: 'requestsPerMonth', what: 'requests per month', period: 'month' },
  tokensPerMonth: {
    field: 'tokensPerMonth',
    what: 'tokens per month',
    isOfTokens: true,
    period: 'month',
  },
}

/** The error (429) for a request beyond a limit. `tokens`: what it needs, where that is known. */
export function limitReached(
  by: LimitName,
  limits: LimitsOfKey,
  waitMs: number,
  tokens = 0,
): ApiError {
  const { field, what, isOfTokens, period } = TOLD[by]
  const wait = Number.isFinite(waitMs) ? Math.max(1, Math.ceil(waitMs)) : 1_000
  const asked = isOfTokens && tokens > 0 ? `, and this request needs about ${tokens}` : ''
  const next = period === undefined ? '' : `, when the next ${period} begins (UTC)`
  const message = `You have reached your limit of ${limits[field]} ${what}${asked}. Retry in ${formatReset(wait)}${next}.`
  return new ApiError(429, message, {
    code: 'rate_limit_exceeded',
    headers: { 'retry-after': String(Math.ceil(wait / 1_000)), 'retry-after-ms': String(wait) },
  })
}

/** A duration as OpenAI formats it: `5h0m1s`, `6m0s`, `1s`, `120ms`. */
export function formatReset(milliseconds: number): string {
  const whole = Math.ceil(milliseconds)
  if (whole < 1_000) return `${whole}ms`
  const seconds = Math.ceil(whole / 1_000)
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return `${seconds}s`
  const hours = Math.floor(minutes / 60)
  return `${hours > 0 ? `${hours}h` : ''}${minutes % 60}m${seconds % 60}s`
}

/** The response headers that tell of a caller's limits, in OpenAI's form. */
export function limitHeaders(levels: Levels, limits: LimitsOfKey): Record<string, string> {
  const headers: Record<string, string> = {}
  addLevel(headers, 'requests', levels.requests)
  addLevel(headers, 'tokens', levels.tokens)
  const { day, month } = levels
  addQuota(headers, 'requests-day', limits.requestsPerDay, day?.requests, day?.endsInMs)
  addQuota(headers, 'tokens-day', limits.tokensPerDay, day?.tokens, day?.endsInMs)
  addQuota(headers, 'requests-month', limits.requestsPerMonth, month?.requests, month?.endsInMs)
  addQuota(headers, 'tokens-month', limits.tokensPerMonth, month?.tokens, month?.endsInMs)
  return headers
}

function addQuota(
  headers: Record<string, string>,
  name: string,
  limit: number | undefined,
  used = Number.NaN,
  fullInMs = Number.NaN,
): void {
  if (limit === undefined) return
  addLevel(headers, name, { limit, remaining: Math.max(0, limit - used), fullInMs })
}

function addLevel(
  headers: Record<string, string>,
  name: string,
  level: LimitLevel | undefined,
): void {
  if (level === undefined) return
  const { limit, remaining, fullInMs } = level
  // A store of the program's own may compute anything.
  if (!Number.isFinite(remaining) || !Number.isFinite(fullInMs)) return
  headers[`x-ratelimit-limit-${name}`] = String(limit)
  headers[`x-ratelimit-remaining-${name}`] = String(remaining)
  headers[`x-ratelimit-reset-${name}`] = formatReset(fullInMs)
}
