import type { LimitsOfKey } from '../limits.ts'

/** Each instance's share of limits: rounded down, but one at least. */
export function shareOf(limits: LimitsOfKey, instances: number): LimitsOfKey {
  const share: Record<string, number> = {}
  for (const [name, limit] of Object.entries(limits)) {
    if (typeof limit === 'number') share[name] = Math.max(1, Math.floor(limit / instances))
  }
  return share
}
