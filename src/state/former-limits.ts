/** The stores of limits that programs wrote for the last release, which work for one more. */
import { warnOnce } from '../settings/deprecated.ts'
import { inBackground } from '../util/background.ts'
import { isObject } from '../util/object.ts'
import type {
  Admission,
  Claim,
  HeldPermit,
  Levels,
  LimitLevel,
  LimitName,
  Limits,
  LimitsOfKey,
  SlotKind,
} from './limits.ts'
import { memoryLimits } from './memory-limits.ts'

/**
 * The state of a token bucket after a request to take from it.
 *
 * @deprecated Write a store with the methods of `Limits`.
 */
export interface BucketLevel {
  /** Whether the bucket held the amount, which was then taken. */
  taken: boolean
  /** What the bucket holds now; never below 0. */
  remaining: number
  /** Milliseconds until the bucket is full again. */
  fullInMs: number
  /** Milliseconds until the amount is available; 0 where it was taken. */
  availableInMs: number
}

/**
 * The state behind rate limits (token buckets) and concurrency limits (counters), by the name of a
 * key. A store that several instances share may return promises.
 *
 * @deprecated Write a store with the methods of `Limits`, which decides on all limits in one step. This one
 * works for one release; days and months are counted in the memory of the process beside it.
 */
export interface LimitStore {
  /**
   * Takes an amount, 0 or more, from a bucket that holds `perMinute` when full and refills at that rate.
   * An amount above `perMinute` is taken once the bucket is full, and leaves it in debt.
   */
  take(name: string, amount: number, perMinute: number): BucketLevel | Promise<BucketLevel>
  /** Takes an amount that was already used, even into debt; a negative one is a refund. */
  settle(name: string, amount: number, perMinute: number): void | Promise<void>
  /** Counts one more request in progress; returns false, and counts nothing, at the limit. */
  acquire(name: string, limit: number): boolean | Promise<boolean>
  /** Counts one request fewer in progress. */
  release(name: string): void | Promise<void>
  /** The requests in progress, for who watches; a store may leave it out. */
  running?(name: string): number | Promise<number>
}

const METHODS = ['take', 'settle', 'acquire', 'release'] as const satisfies (keyof LimitStore)[]

/** Whether a program's store is one of the last release. */
export function isFormer(store: unknown): store is LimitStore {
  if (!isObject(store) || 'admit' in store) return false
  return METHODS.every((method) => typeof store[method] === 'function')
}

/** Such a store as `Limits`. */
export function formerLimits(store: LimitStore): Limits {
  warnOnce(
    'state.limits: a store with take, settle, acquire and release is deprecated, and works for one release: write one with admit, renew, advance, settle and levels, as the type Limits describes them.',
  )
  return new FormerLimits(store)
}

/** What was taken for a permit. */
interface Taken {
  tokens: number
  slot: string | undefined
}

type Undo = () => unknown

class FormerLimits implements Limits {
  readonly #store: LimitStore
  /** What the store cannot count: days and months. */
  readonly #periods = memoryLimits()
  readonly #held = new Map<string, Taken>()

  constructor(store: LimitStore) {
    this.#store = store
  }

  async admit(claim: Claim): Promise<Admission> {
    const taken: Undo[] = []
    try {
      const admission = await this.#take(claim, taken)
      if (admission.refusedBy === undefined) return admission
      for (const undo of taken.splice(0)) await undo()
      return { ...admission, levels: await this.levels(claim.key, claim.limits) }
    } catch (error) {
      for (const undo of taken) void inBackground(undo)
      throw error
    }
  }

  /** Takes one limit after the other, as the store has no other way. `taken`: how to give each back. */
  async #take({ key, limits, ...claim }: Claim, taken: Undo[]): Promise<Admission> {
    const { requestsPerMinute, tokensPerMinute, maxConcurrency } = limits
    const { permit, tokens } = claim
    const levels = await this.#periods.levels(key, ofPeriods(limits))
    const refuse = (refusedBy: LimitName, availableInMs: number) => ({
      ...{ refusedBy, availableInMs, levels },
    })
    const take = async (what: 'requests' | 'tokens', amount: number, limit = 0) => {
      if (limit === 0) return undefined
      const level = await this.#store.take(`${key} ${what}`, amount, limit)
      levels[what] = levelOf(level, limit)
      // Of a bucket in debt nothing can be taken, not even nothing.
      if (amount === 0) return undefined
      if (!level.taken) return level.availableInMs
      taken.push(() => this.#store.settle(`${key} ${what}`, -amount, limit))
      return undefined
    }
    const late = await take('requests', claim.requests, requestsPerMinute)
    if (late !== undefined) return refuse('requests', late)
    const slot = permit && maxConcurrency ? slotName(key, permit.slot) : undefined
    if (slot !== undefined && maxConcurrency !== undefined) {
      const isFree = await this.#store.acquire(slot, maxConcurrency)
      if (!isFree)
        return refuse(permit?.slot === 'background' ? 'background' : 'concurrency', 1_000)
      taken.push(() => this.#store.release(slot))
    }
    const short = await take('tokens', tokens, tokensPerMinute)
    if (short !== undefined) return refuse('tokens', short)
    const counted = await this.#periods.admit({ key, limits: ofPeriods(limits), ...claim })
    if (counted.refusedBy === undefined && permit) this.#held.set(permit.id, { tokens, slot })
    return { ...counted, levels: { ...levels, ...counted.levels } }
  }

  /** The store has no leases. */
  renew(): void {}

  async advance(permit: HeldPermit, used: { tokens: number; answerTokens: number }): Promise<void> {
    const held = this.#held.get(permit.id)
    if (held === undefined) return
    await this.#periods.advance(permit, used)
    const more = used.tokens - held.tokens
    if (more <= 0) return
    held.tokens = used.tokens
    await this.#charge(permit, more)
  }

  async settle(
    permit: HeldPermit,
    used: { tokens: number; answerTokens: number } | undefined,
  ): Promise<void> {
    const held = this.#held.get(permit.id)
    if (held === undefined) return
    this.#held.delete(permit.id)
    await this.#periods.settle(permit, used)
    const all = await Promise.allSettled([
      held.slot === undefined ? undefined : this.#store.release(held.slot),
      this.#charge(permit, (used?.tokens ?? 0) - held.tokens),
    ])
    for (const each of all) if (each.status === 'rejected') throw each.reason
  }

  async levels(key: string, limits: LimitsOfKey): Promise<Levels> {
    const { requestsPerMinute, tokensPerMinute, maxConcurrency } = limits
    const levels = await this.#periods.levels(key, ofPeriods(limits))
    const look = async (what: 'requests' | 'tokens', perMinute: number | undefined) => {
      if (perMinute === undefined) return
      levels[what] = levelOf(await this.#store.take(`${key} ${what}`, 0, perMinute), perMinute)
    }
    await look('requests', requestsPerMinute)
    await look('tokens', tokensPerMinute)
    if (maxConcurrency === undefined) return levels
    for (const slot of ['running', 'background'] as const) {
      const count = await this.#store.running?.(slotName(key, slot))
      if (count !== undefined) levels[slot] = count
    }
    return levels
  }

  async #charge({ key, limits }: HeldPermit, tokens: number): Promise<void> {
    const { tokensPerMinute } = limits
    if (tokensPerMinute === undefined || tokens === 0) return
    await this.#store.settle(`${key} tokens`, tokens, tokensPerMinute)
  }
}

/** No name contains a space. */
function slotName(key: string, slot: SlotKind): string {
  return slot === 'background' ? `${key} background` : key
}

function levelOf({ remaining, fullInMs }: BucketLevel, limit: number): LimitLevel {
  return { limit, remaining, fullInMs }
}

function ofPeriods(limits: LimitsOfKey): LimitsOfKey {
  const { requestsPerDay, tokensPerDay, requestsPerMonth, tokensPerMonth } = limits
  return { requestsPerDay, tokensPerDay, requestsPerMonth, tokensPerMonth }
}
