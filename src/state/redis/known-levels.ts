import type { Account, PeriodCounter } from '../account.ts'
import type { Bucket } from '../bucket.ts'
import type { Levels, LimitLevel, LimitsOfKey, UsedInPeriod } from '../limits.ts'

/** The most keys of which it is known; of others, an instance begins with its whole share. */
const MOST_KNOWN = 10_000

const MINUTE = 60_000

interface Known {
  levels: Levels
  limits: LimitsOfKey
  /** By this process's clock. */
  at: number
}

/** What the store told last of each key. */
export class KnownLevels {
  readonly #known = new Map<string, Known>()

  set(key: string, limits: LimitsOfKey, levels: Levels, at: number): void {
    // A key that is set again comes last, so that the one that was not used for longest is dropped.
    this.#known.delete(key)
    this.#known.set(key, { levels, limits, at })
    if (this.#known.size <= MOST_KNOWN) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      return
    }
  }

  /** Lets an account that is full begin with its share of what was left. */
  apply(key: string, account: Account, instances: number, now: number): void {
    const known = this.#known.get(key)
    if (known === undefined) return
    const { levels, at } = known
    const passed = Math.max(0, now - at)
    fill(account.requests, levels.requests, instances, passed)
    fill(account.tokens, levels.tokens, instances, passed)
    carryOver(account.day, levels.day, instances)
    carryOver(account.month, levels.month, instances)
  }
}

function fill(
  bucket: Bucket | undefined,
  level: LimitLevel | undefined,
  instances: number,
  passed: number,
): void {
  if (bucket === undefined || level === undefined) return
  const left = Math.min(level.limit, level.remaining + (passed * level.limit) / MINUTE)
  bucket.amount = Math.min(bucket.size, left / instances)
}

/** Quotas are divided, so what was used of them is too: rounded up, as a quota is rounded down. */
function carryOver(counter: PeriodCounter, used: UsedInPeriod, instances: number): void {
  if (used.period !== counter.period.name) return
  counter.requests = Math.ceil(used.requests / instances)
  counter.tokens = Math.ceil(used.tokens / instances)
  counter.answerTokens = Math.ceil(used.answerTokens / instances)
}
