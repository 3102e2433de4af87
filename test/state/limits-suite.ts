/** What every store of limits has to do: run with memory, Redis and Durable Objects. */
import { afterEach, describe } from 'vitest'
import type { Limits } from '../../src/state/limits.ts'
import { admissionTests } from './limits-admission.ts'
import { leaseTests } from './limits-leases.ts'
import { quotaTests } from './limits-quotas.ts'
import { useTests } from './limits-use.ts'

/** A store that is empty, as a test has it. */
export interface LimitsUnderTest {
  limits: Limits
  /** Another instance with the same counts; the same one where the store is in a process's memory. */
  other?: Limits | undefined
  /** Lets time pass for the store: minutes for buckets, 30 seconds for leases, a month for quotas. */
  pass(milliseconds: number): Promise<void> | void
  close?(): Promise<void> | void
}

export type OpenLimits = () => LimitsUnderTest | Promise<LimitsUnderTest>

/**
 * Defines the tests. `open` is called for each, and returns a store without any counts. Time may run by
 * itself, too: no test fails where a call takes a second.
 */
export function limitsSuite(name: string, open: OpenLimits): void {
  describe(`limits in ${name}`, () => {
    const opened: LimitsUnderTest[] = []
    const opening = async () => {
      const under = await open()
      opened.push(under)
      return { other: under.limits, ...under }
    }
    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close?.()
    })
    admissionTests(opening)
    useTests(opening)
    leaseTests(opening)
    quotaTests(opening)
  })
}
