/** The limits of keys, as a worker asks their objects. */

import {
  type Admission,
  type HeldPermit,
  type Levels,
  type Limits,
  PERMIT_LEASE,
} from '../../src/state/limits.ts'
import { memoryLimits } from '../../src/state/memory-limits.ts'
import { terminalLine } from '../../src/util/safe/terminal.ts'
import { callObject } from './call.ts'
import type { ObjectNamespace } from './platform.ts'

/** Milliseconds for which an object may take to answer: it may be on another continent, or be started. */
const TIMEOUT = 2_000

/** Milliseconds between two reports of what a running answer has used: each is a request that is billed. */
const ADVANCE_EVERY = 5_000

/** Milliseconds between two lines in the log about objects that do not answer. */
const TELL_EVERY = 60_000

/**
 * The limits, in the objects of their keys. While an object does not answer, its key is limited by this
 * instance of the worker alone.
 */
export function objectLimits(namespace: ObjectNamespace, advanceEvery = ADVANCE_EVERY): Limits {
  return new ObjectLimits(namespace, advanceEvery)
}

class ObjectLimits implements Limits {
  readonly #namespace: ObjectNamespace
  readonly #advanceEvery: number
  readonly #own = memoryLimits({ lease: PERMIT_LEASE })
  /** By permit, when its use was last reported; the latest is last. */
  readonly #advanced = new Map<string, number>()
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(namespace: ObjectNamespace, advanceEvery: number) {
    this.#namespace = namespace
    this.#advanceEvery = advanceEvery
  }

  admit: Limits['admit'] = async (claim) => {
    try {
      return (await this.#call(claim.key, 'admit', claim)) as Admission
    } catch (error) {
      this.#tell(error)
      return this.#own.admit(claim)
    }
  }

  renew: Limits['renew'] = async (permits) => {
    for (const [key, held] of Map.groupBy(permits, (permit) => permit.key)) {
      await this.#call(key, 'renew', held)
    }
  }

  advance: Limits['advance'] = async (permit, used) => {
    if (!this.#isDue(permit)) return
    await this.#call(permit.key, 'advance', permit, used)
  }

  settle: Limits['settle'] = async (permit, used) => {
    this.#advanced.delete(permit.id)
    // It has the permit if it was admitted here, and else ignores it.
    await this.#own.settle(permit, used)
    await this.#call(permit.key, 'settle', permit, used ?? null)
  }

  levels: Limits['levels'] = async (key, limits) => {
    try {
      return (await this.#call(key, 'levels', key, limits)) as Levels
    } catch (error) {
      this.#tell(error)
      return this.#own.levels(key, limits)
    }
  }

  #call(key: string, method: string, ...args: unknown[]): Promise<unknown> {
    return callObject(this.#namespace, `k:${key}`, method, args, TIMEOUT)
  }

  #isDue({ id }: HeldPermit): boolean {
    const now = Date.now()
    const last = this.#advanced.get(id) ?? 0
    if (now - last < this.#advanceEvery) return false
    this.#advanced.delete(id)
    this.#advanced.set(id, now)
    // Those of requests that workerd has ended without a word.
    for (const [each, at] of this.#advanced) {
      if (now - at < PERMIT_LEASE) break
      this.#advanced.delete(each)
    }
    return true
  }

  #tell(error: unknown): void {
    const now = Date.now()
    if (now - this.#toldAt < TELL_EVERY) return
    this.#toldAt = now
    console.error(
      terminalLine(
        `sluice: limits: expected the Durable Object of a key to answer, got ${error}; meanwhile this instance alone limits it.`,
      ),
    )
  }
}
