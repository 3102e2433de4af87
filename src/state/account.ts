/** What is counted for one key, and the decision on a claim. */
import { type Bucket, fullBucket, levelOf, msUntil, refill } from './bucket.ts'
import type {
  Claim,
  Levels,
  LimitLevel,
  LimitName,
  LimitsOfKey,
  SlotKind,
  UsedInPeriod,
  UseSoFar,
} from './limits.ts'
import { laterOf, type Period, type Periods } from './periods.ts'

/** What a key has used in one period. */
export interface PeriodCounter {
  period: Period
  requests: number
  tokens: number
  answerTokens: number
}

/** What is held for one request. */
export interface HeldUse extends UseSoFar {
  slot: SlotKind
  /** By the clock of the buckets. */
  leaseEndsAt: number
  /** Those in which its tokens were taken. */
  day: Period
  month: Period
}

export interface Account {
  requests: Bucket | undefined
  tokens: Bucket | undefined
  day: PeriodCounter
  month: PeriodCounter
  /** By id; the one whose lease ends first comes first. */
  held: Map<string, HeldUse>
  running: number
  background: number
  hasQuota: boolean
  usedAt: number
}

/** What a caller is told to wait for a slot: nobody knows when one will be free. */
const SLOT_WAIT = 1_000

export function newAccount({ day, month }: Periods): Account {
  return {
    requests: undefined,
    tokens: undefined,
    day: emptyCounter(day),
    month: emptyCounter(month),
    held: new Map(),
    running: 0,
    background: 0,
    hasQuota: false,
    usedAt: 0,
  }
}

/** Brings buckets and periods up to date. `at`: by the clock of the buckets. */
export function refresh(account: Account, limits: LimitsOfKey, periods: Periods, at: number): void {
  const { requestsPerMinute, tokensPerMinute } = limits
  if (requestsPerMinute !== undefined) {
    requireAmount('requestsPerMinute', requestsPerMinute, Number.MIN_VALUE)
    account.requests ??= fullBucket(requestsPerMinute, at)
    refill(account.requests, requestsPerMinute, at)
  }
  if (tokensPerMinute !== undefined) {
    requireAmount('tokensPerMinute', tokensPerMinute, Number.MIN_VALUE)
    account.tokens ??= fullBucket(tokensPerMinute, at)
    refill(account.tokens, tokensPerMinute, at)
  }
  account.usedAt = at
  account.hasQuota =
    (limits.requestsPerDay ??
      limits.tokensPerDay ??
      limits.requestsPerMonth ??
      limits.tokensPerMonth) !== undefined
  if (account.day.period !== periods.day) goOn(account.day, periods.day)
  if (account.month.period !== periods.month) goOn(account.month, periods.month)
}

/** The limit that refuses a claim, and for how many milliseconds; of several, the one that lasts longest. */
export interface Refusal {
  by: LimitName
  wait: number
}

export function refusalOf(claim: Claim, account: Account, now: number): Refusal | undefined {
  const { limits, permit, tokens } = claim
  let longest: Refusal | undefined
  if (claim.requests > 0) {
    longest = refusalByRequests(limits, account, now)
  }
  if (permit !== undefined && account[permit.slot] >= (limits.maxConcurrency ?? Infinity)) {
    const by = permit.slot === 'running' ? 'concurrency' : 'background'
    longest = longerOf(longest, by, SLOT_WAIT)
  }
  return tokens > 0 ? refusalByTokens(longest, tokens, limits, account, now) : longest
}

function refusalByRequests(limits: LimitsOfKey, account: Account, now: number) {
  const { requests, day, month } = account
  const { requestsPerMinute, requestsPerDay, requestsPerMonth } = limits
  let longest: Refusal | undefined
  if (requests !== undefined && requestsPerMinute !== undefined) {
    longest = longerOf(longest, 'requests', msUntil(requests, Math.min(1, requestsPerMinute)))
  }
  if (requestsPerDay !== undefined && day.requests + 1 > requestsPerDay) {
    longest = longerOf(longest, 'requestsPerDay', day.period.endsAt - now)
  }
  if (requestsPerMonth !== undefined && month.requests + 1 > requestsPerMonth) {
    longest = longerOf(longest, 'requestsPerMonth', month.period.endsAt - now)
  }
  return longest
}

function refusalByTokens(
  longest: Refusal | undefined,
  wanted: number,
  { tokensPerMinute, tokensPerDay, tokensPerMonth }: LimitsOfKey,
  { tokens, day, month }: Account,
  now: number,
): Refusal | undefined {
  let result = longest
  if (tokens !== undefined && tokensPerMinute !== undefined) {
    result = longerOf(result, 'tokens', msUntil(tokens, Math.min(wanted, tokensPerMinute)))
  }
  // A claim above a whole quota is admitted at its beginning, as with a bucket.
  if (tokensPerDay !== undefined && tokensPerDay - day.tokens < Math.min(wanted, tokensPerDay)) {
    result = longerOf(result, 'tokensPerDay', day.period.endsAt - now)
  }
  const left = (tokensPerMonth ?? Infinity) - month.tokens
  if (tokensPerMonth !== undefined && left < Math.min(wanted, tokensPerMonth)) {
    result = longerOf(result, 'tokensPerMonth', month.period.endsAt - now)
  }
  return result
}

function longerOf(refusal: Refusal | undefined, by: LimitName, wait: number): Refusal | undefined {
  return wait > (refusal?.wait ?? 0) ? { by, wait } : refusal
}

/** Takes what a claim asks for, except its slot. */
export function take(claim: Claim, account: Account): void {
  const { limits, requests, tokens, answerTokens = 0, permit } = claim
  takeFrom(account.requests, limits.requestsPerMinute, requests)
  takeFrom(account.tokens, limits.tokensPerMinute, tokens)
  // What is held has no answer yet.
  const answer = permit === undefined ? answerTokens : 0
  count(account.day, requests, tokens, answer)
  count(account.month, requests, tokens, answer)
}

/** A bucket of a limit that was removed stays, but is not refilled: it would fall without end. */
function takeFrom(bucket: Bucket | undefined, limit: number | undefined, amount: number): void {
  if (bucket === undefined || limit === undefined) return
  bucket.amount = Math.min(bucket.size, bucket.amount - amount)
}

/** Holds a slot, and tokens that were taken. */
export function hold(account: Account, id: string, held: HeldUse): void {
  account.held.set(id, held)
  account[held.slot]++
}

export function release(account: Account, id: string, { slot }: HeldUse): void {
  if (account.held.delete(id)) account[slot]--
}

/** Corrects what was taken for a permit with these limits to what its request has used. */
export function charge(
  account: Account,
  { tokensPerMinute }: LimitsOfKey,
  held: HeldUse,
  used: UseSoFar,
): void {
  const tokens = used.tokens - held.tokens
  const answer = used.answerTokens - held.answerTokens
  const { day, month } = account
  takeFrom(account.tokens, tokensPerMinute, tokens)
  correct(day, held.day, tokens, answer)
  correct(month, held.month, tokens, answer)
  held.tokens = used.tokens
  held.answerTokens = used.answerTokens
}

/** What a request that began in another period gives back was never taken off this one. */
function correct(counter: PeriodCounter, takenIn: Period, tokens: number, answer: number): void {
  const isSame = counter.period === takenIn
  const more = isSame ? tokens : Math.max(0, tokens)
  count(counter, 0, more, isSame ? answer : Math.min(more, answer))
}

function count(counter: PeriodCounter, requests: number, tokens: number, answer: number): void {
  counter.requests += requests
  counter.tokens = Math.max(0, counter.tokens + tokens)
  counter.answerTokens = Math.max(0, counter.answerTokens + answer)
}

export function levelsOf(account: Account, limits: LimitsOfKey, now: number): Levels {
  const levels: Levels = { day: usedIn(account.day, now), month: usedIn(account.month, now) }
  if (limits.requestsPerMinute !== undefined) levels.requests = levelOfOwn(account.requests)
  if (limits.tokensPerMinute !== undefined) levels.tokens = levelOfOwn(account.tokens)
  if (limits.maxConcurrency !== undefined) {
    levels.running = account.running
    levels.background = account.background
  }
  return levels
}

function levelOfOwn(bucket: Bucket | undefined): LimitLevel {
  return bucket === undefined ? { limit: 0, remaining: 0, fullInMs: 0 } : levelOf(bucket)
}

function usedIn({ period, requests, tokens, answerTokens }: PeriodCounter, now: number) {
  const endsInMs = Math.max(0, period.endsAt - now)
  return { period: period.name, requests, tokens, answerTokens, endsInMs } satisfies UsedInPeriod
}

/** Whether nothing but its use would be forgotten with it: its buckets are full, and nothing is held. */
export function isIdle({ requests, tokens, held }: Account, at: number): boolean {
  for (const bucket of [requests, tokens]) {
    if (bucket === undefined) continue
    refill(bucket, bucket.size, at)
    if (bucket.amount < bucket.size) return false
  }
  return held.size === 0
}

function emptyCounter(period: Period): PeriodCounter {
  return { period, requests: 0, tokens: 0, answerTokens: 0 }
}

/** Begins to count anew where the period is another one. */
function goOn(counter: PeriodCounter, current: Period): void {
  const period = laterOf(counter.period, current)
  if (period.name === counter.period.name) return
  Object.assign(counter, emptyCounter(period))
}

/** One amount that is not a number would make a bucket useless for ever. */
export function requireAmount(field: string, value: number, least = 0): void {
  if (Number.isFinite(value) && value >= least) return
  throw new RangeError(
    `${field}: expected a finite number that is not negative, got ${value}; check what computes it.`,
  )
}
