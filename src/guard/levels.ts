/** What callers have used and have left of their limits, for whoever watches: nothing is taken. */
import type { Levels, LimitLevel, Limits, UsedInPeriod } from '../state/limits.ts'
import type { KeyActivity } from '../wire/activity/schema.ts'
import type { KeyUsage, PeriodUse } from '../wire/key-usage/schema.ts'
import { type CallerLimits, limitsOf } from './limits-of-key.ts'

/** The most callers that are remembered, and whose levels are told. */
export const MAX_WATCHED = 500

/** The callers that came last, by name; where a program identifies them there may be any number. */
export class RecentCallers {
  readonly #byName = new Map<string, CallerLimits>()
  /** The keys of the settings, and the same by name: there may be many, and watchers ask each second. */
  #keys: readonly CallerLimits[] = []
  #keyByName: ReadonlyMap<string, CallerLimits> = new Map()

  add(caller: CallerLimits): void {
    this.#byName.delete(caller.name)
    this.#byName.set(caller.name, caller)
    const [oldest] = this.#byName.keys()
    if (this.#byName.size > MAX_WATCHED && oldest !== undefined) this.#byName.delete(oldest)
  }

  get size(): number {
    return this.#byName.size
  }

  /** These and `keys`, by name, as far as there is room; those that came last have it first. */
  with(keys: readonly CallerLimits[]): CallerLimits[] {
    if (keys !== this.#keys) {
      this.#keys = keys
      this.#keyByName = new Map(keys.map((key) => [key.name, key]))
    }
    const all = new Map<string, CallerLimits>()
    for (const recent of [...this.#byName.values()].reverse())
      all.set(recent.name, this.#keyByName.get(recent.name) ?? recent)
    for (const key of keys) {
      if (all.size >= MAX_WATCHED) break
      all.set(key.name, key)
    }
    return [...all.values()].sort(byName)
  }
}

function byName({ name }: CallerLimits, other: CallerLimits): number {
  return name < other.name ? -1 : Number(name > other.name)
}

/** The limits of a caller and what is left of them; rejects where the store does. */
export async function levelsOf(caller: CallerLimits, store: Limits): Promise<KeyActivity> {
  const { name, maxConcurrency } = caller
  const levels = await store.levels(name, limitsOf(caller) ?? {})
  const { running } = levels
  return {
    name,
    ...(running !== undefined && { running }),
    ...(maxConcurrency !== undefined && { maxConcurrency }),
    ...ofMinute(levels),
    ...ofPeriods(caller, levels),
  }
}

/** What a caller has used, and what is left of its limits; rejects where the store does. */
export async function usageOf(caller: CallerLimits, store: Limits): Promise<KeyUsage> {
  const { name, maxConcurrency: limit } = caller
  const levels = await store.levels(name, limitsOf(caller) ?? {})
  const { running, background, since } = levels
  const { day, month } = ofPeriods(caller, levels)
  return {
    object: 'usage',
    key: name,
    ...(Number.isFinite(since) && { since: new Date(since ?? 0).toISOString() }),
    minute: ofMinute(levels),
    ...(limit !== undefined && {
      concurrency: {
        limit,
        ...(running !== undefined && { running }),
        ...(background !== undefined && { background }),
      },
    }),
    day: { ...day, endsInMs: endsInMs(levels.day) },
    month: { ...month, endsInMs: endsInMs(levels.month) },
  }
}

function ofMinute({ requests, tokens }: Levels): Pick<KeyActivity, 'requests' | 'tokens'> {
  const told = { requests: shown(requests), tokens: shown(tokens) }
  return {
    ...(told.requests && { requests: told.requests }),
    ...(told.tokens && { tokens: told.tokens }),
  }
}

/** Undefined where a store of the program's own computes no number. */
function shown(level: LimitLevel | undefined): KeyActivity['requests'] {
  if (level === undefined) return undefined
  const { limit, remaining, fullInMs } = level
  if (!Number.isFinite(remaining) || !Number.isFinite(fullInMs)) return undefined
  return { limit, remaining, fullInMs: Math.max(0, Math.round(fullInMs)) }
}

function ofPeriods(
  caller: CallerLimits,
  { day, month }: Levels,
): Record<'day' | 'month', PeriodUse> {
  const { requestsPerDay, tokensPerDay, requestsPerMonth, tokensPerMonth } = caller
  return {
    day: periodOf(day, requestsPerDay, tokensPerDay),
    month: periodOf(month, requestsPerMonth, tokensPerMonth),
  }
}

function periodOf(
  { period, requests, tokens, answerTokens }: UsedInPeriod,
  mostRequests: number | undefined,
  mostTokens: number | undefined,
): PeriodUse {
  return {
    period,
    requests: { used: requests, ...leftOf(mostRequests, requests) },
    tokens: { used: tokens, answers: answerTokens, ...leftOf(mostTokens, tokens) },
  }
}

function endsInMs(used: UsedInPeriod): number {
  return Math.max(0, Math.round(used.endsInMs))
}

function leftOf(limit: number | undefined, used: number) {
  return limit === undefined ? {} : { limit, remaining: Math.max(0, limit - used) }
}
