/** What callers have left of their limits, for whoever watches: nothing is taken. */
import type { LimitLevel, Limits } from '../state/limits.ts'
import type { KeyActivity } from '../wire/activity/schema.ts'
import type { CallerLimits } from './caller.ts'
import { limitsOf } from './limits-of-key.ts'

/** The most callers that are remembered, and whose levels are told. */
export const MAX_WATCHED = 500

/** The callers that came last, by name; where a program identifies them there may be any number. */
export class RecentCallers {
  readonly #byName = new Map<string, CallerLimits>()

  add(caller: CallerLimits): void {
    this.#byName.delete(caller.name)
    this.#byName.set(caller.name, caller)
    const [oldest] = this.#byName.keys()
    if (this.#byName.size > MAX_WATCHED && oldest !== undefined) this.#byName.delete(oldest)
  }

  /** These and `keys`, by name, as far as there is room; those that came last have it first. */
  with(keys: readonly CallerLimits[]): CallerLimits[] {
    const configured = new Map(keys.map((key) => [key.name, key]))
    const all = new Map([...this.#byName.values()].reverse().map((each) => [each.name, each]))
    for (const [name, key] of configured) all.set(name, key)
    return [...all.values()].slice(0, MAX_WATCHED).sort(byName)
  }
}

function byName({ name }: CallerLimits, other: CallerLimits): number {
  return name < other.name ? -1 : Number(name > other.name)
}

/** The limits of a caller and what is left of them; rejects where the store does. */
export async function levelsOf(caller: CallerLimits, store: Limits): Promise<KeyActivity> {
  const { name, maxConcurrency } = caller
  const { running, requests, tokens } = await store.levels(name, limitsOf(caller) ?? {})
  const told = { requests: shown(requests), tokens: shown(tokens) }
  return {
    name,
    ...(running !== undefined && { running }),
    ...(maxConcurrency !== undefined && { maxConcurrency }),
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
