import { Admissions } from '../../src/guard/admissions.ts'
import { Caller } from '../../src/guard/caller.ts'
import type { CallerLimits } from '../../src/guard/limits-of-key.ts'
import type { Levels, Limits, LimitsOfKey } from '../../src/state/limits.ts'
import { memoryLimits } from '../../src/state/memory-limits.ts'

/** Limits in memory for which time stands still, unless a clock is given. */
export function limitsAt(clock: () => number = () => 0): Limits {
  const now = () => Date.UTC(2026, 10, 26, 12) + clock()
  return memoryLimits({ clock, now })
}

/** What is left of the limits of a key, in a store in memory. */
export function levelsIn(limits: Limits, key: string, of: LimitsOfKey): Levels {
  const levels = limits.levels(key, of)
  if (levels instanceof Promise) throw new TypeError('a store in memory answers at once')
  return levels
}

/** A caller whose store nobody else has. */
export function callerOf(key: CallerLimits | undefined, limits = memoryLimits()): Caller {
  return new Caller(key, new Admissions(limits))
}

/** A store in which some methods are others. */
export function limitsWith(limits: Limits, own: Partial<Limits>): Limits {
  return {
    admit: (claim) => limits.admit(claim),
    renew: (permits) => limits.renew(permits),
    advance: (permit, used) => limits.advance(permit, used),
    settle: (permit, used) => limits.settle(permit, used),
    levels: (key, of) => limits.levels(key, of),
    ...own,
  }
}
