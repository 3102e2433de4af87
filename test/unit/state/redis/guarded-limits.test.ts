import { describe, expect, it } from 'vitest'
import type { Claim, HeldPermit, LimitsOfKey } from '../../../../src/state/limits.ts'
import { memoryLimits } from '../../../../src/state/memory-limits.ts'
import { GuardedLimits, type StateFailure } from '../../../../src/state/redis/guarded-limits.ts'
import { StateAwayError } from '../../../../src/state/redis/port.ts'
import { claim, held, KEY } from '../../../state/limits-claims.ts'

/** `lost`: it was done, but nobody is told; `readonly`: looks and refusals are answered, nothing is taken. */
type Mode = 'works' | 'fails' | 'lost' | 'busy' | 'readonly'

function start(policy: StateFailure = 'local', instances = 1) {
  const time = { now: 0 }
  const clock = () => time.now
  const store = memoryLimits({ clock, lease: 30_000 })
  const state = { mode: 'works' as Mode, isAway: false, atOnce: 0, most: 0, calls: 0 }
  /** After how many more calls the store is away. */
  let left = Number.POSITIVE_INFINITY
  async function call<T>(act: () => T | Promise<T>, isLook = false): Promise<T> {
    state.calls++
    state.most = Math.max(state.most, ++state.atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    state.atOnce--
    if (--left < 0) state.mode = 'fails'
    const { mode } = state
    if (mode === 'fails') throw new StateAwayError('state: no answer within 100 ms.')
    if (mode === 'readonly' && !isLook) throw readonly()
    if (mode === 'busy')
      throw new StateAwayError('state: BUSY', { cause: new Error('BUSY a script') })
    const result = await act()
    if (mode === 'lost') throw new StateAwayError('state: no answer within 100 ms.')
    return result
  }
  const renewAll = (permits: readonly HeldPermit[]) =>
    Promise.all(permits.map((permit) => call(() => store.renew([permit])))).then(() => {})
  const limits = new GuardedLimits({
    shared: {
      admit: (each) => call(() => store.admit(each)),
      renew: renewAll,
      async extend(permits) {
        const there = await Promise.all(permits.map((permit) => call(() => isThere(permit))))
        return permits.filter((_, at) => !there[at])
      },
      advance: (permit, used) => call(() => store.advance(permit, used)),
      settle: (permit, used) => call(() => store.settle(permit, used)),
      levels: (key, of) => call(() => store.levels(key, of), true),
    },
    isAway: () => state.isAway,
    policy,
    instances: () => instances,
    clock,
  })
  const settled = new Set<string>()
  const isThere = ({ id }: HeldPermit) => !settled.has(id)
  return {
    limits,
    store,
    state,
    time,
    settled,
    failAfter(calls: number) {
      left = calls
    },
    async running(of: LimitsOfKey, key = KEY) {
      return (await store.levels(key, of)).running
    },
  }
}

function readonly() {
  const cause = new Error("READONLY You can't write against a read only replica.")
  return new StateAwayError(`state: ${cause.message}`, { cause })
}

async function turns(count = 300) {
  for (let at = 0; at < count; at++) await new Promise((resolve) => setImmediate(resolve))
}

async function admitted(limits: GuardedLimits, each: Claim, count: number) {
  let sum = 0
  for (let at = 0; at < count; at++) {
    if ((await limits.admit(each)).refusedBy === undefined) sum++
  }
  return sum
}

describe('shared limits with a guard', () => {
  it('allow no other share where the store seems to be back, but decides on nothing', async () => {
    const { limits, state, time } = start()
    const sixty = claim({ requestsPerMinute: 60, requestsPerDay: 100 })
    expect(await admitted(limits, sixty, 1)).toBe(1)
    state.mode = 'readonly'
    let sum = 0
    for (let round = 0; round < 4; round++) {
      state.isAway = false
      await limits.onBack()
      sum += await admitted(limits, sixty, 50)
      state.isAway = true
      sum += await admitted(limits, sixty, 50)
      time.now += 1_000
    }
    expect(sum).toBeLessThanOrEqual(63)
    time.now += 60_000
    expect(await admitted(limits, sixty, 100)).toBe(99 - sum)
  })

  it('go on from what the store says, once it has admitted something', async () => {
    const { limits, state } = start()
    const five = claim({ requestsPerMinute: 5 })
    state.isAway = true
    expect(await admitted(limits, five, 9)).toBe(5)
    state.isAway = false
    expect(await admitted(limits, five, 2)).toBe(2)
    state.isAway = true
    expect(await admitted(limits, five, 9)).toBe(3)
  })

  it.each(['local', 'closed'] as const)(
    'give back what was taken for a request that was refused without the store: %s',
    async (policy) => {
      const { limits, state, running, store } = start(policy, 2)
      const two = { maxConcurrency: 2, tokensPerDay: 1_000 }
      await limits.admit(held(two).claim)
      state.mode = 'lost'
      const asking = limits.admit(held(two, { tokens: 900 }).claim)
      if (policy === 'closed') await expect(asking).rejects.toMatchObject({ status: 503 })
      else expect((await asking).refusedBy).toBe('concurrency')
      expect(await running(two)).toBe(2)
      state.mode = 'works'
      await limits.onBack()
      expect(await running(two)).toBe(1)
      expect((await store.levels(KEY, two)).day.tokens).toBe(0)
    },
  )

  it('keep what was taken for a request that was admitted without the store', async () => {
    const { limits, state, running } = start()
    const two = { maxConcurrency: 2 }
    state.mode = 'lost'
    expect((await limits.admit(held(two).claim)).policy).toBe('local')
    state.mode = 'works'
    await limits.onBack()
    expect(await running(two)).toBe(1)
  })

  it('repeat a settle that failed, after the next call that succeeds', async () => {
    const { limits, state, running } = start()
    const two = { maxConcurrency: 2 }
    const one = held(two)
    await limits.admit(one.claim)
    state.mode = 'busy'
    await limits.settle(one.permit, undefined)
    state.mode = 'works'
    expect(await running(two)).toBe(1)
    await limits.levels(KEY, two)
    await turns(5)
    expect(await running(two)).toBe(0)
  })

  it('repeat a settle that failed, where no other call comes', async () => {
    const { limits, state, running } = start()
    const two = { maxConcurrency: 2 }
    const one = held(two)
    await limits.admit(one.claim)
    state.mode = 'busy'
    await limits.settle(one.permit, undefined)
    state.mode = 'works'
    await expect.poll(() => running(two), { timeout: 5_000 }).toBe(0)
  })

  it('tell a store that is back a few things at once, and again what it did not take', async () => {
    const { limits, state, running, failAfter } = start()
    const many = { maxConcurrency: 10_000 }
    const all = Array.from({ length: 1_000 }, () => held(many))
    for (const each of all) void limits.admit(each.claim)
    await turns(5)
    state.isAway = true
    state.most = 0
    for (const each of all.slice(0, 600)) await limits.settle(each.permit, undefined)
    state.isAway = false
    failAfter(700)
    await limits.onBack()
    expect(await running(many)).toBeGreaterThan(400)
    expect(state.most).toBeLessThanOrEqual(128)
    failAfter(Number.POSITIVE_INFINITY)
    state.mode = 'works'
    await limits.onBack()
    expect(await running(many)).toBe(400)
    expect(state.most).toBeLessThanOrEqual(128)
  })

  it('renew nothing that was settled meanwhile, and restore what the store has lost', async () => {
    const { limits, running, store, settled } = start()
    const many = { maxConcurrency: 1_000 }
    const all = Array.from({ length: 600 }, () => held(many))
    for (const each of all) await limits.admit(each.claim)
    const renewing = limits.renew(all.map(({ permit }) => permit))
    for (const { permit } of all.slice(300)) {
      settled.add(permit.id)
      void limits.settle(permit, undefined)
    }
    await renewing
    await turns(5)
    expect(await running(many)).toBe(300)
    const [first] = all as [(typeof all)[0]]
    settled.add(first.permit.id)
    store.settle(first.permit, undefined)
    expect(await running(many)).toBe(299)
    await limits.renew(all.map(({ permit }) => permit))
    expect(await running(many)).toBe(300)
  })

  it('tell whole numbers while the store is away', async () => {
    const { limits, state } = start('local', 2)
    const hundred = { requestsPerDay: 100, tokensPerDay: 1_001 }
    expect(await admitted(limits, claim(hundred, { tokens: 7 }), 11)).toBe(11)
    state.isAway = true
    const { levels } = await limits.admit(claim(hundred, { tokens: 7 }))
    expect([levels.day.requests, levels.day.tokens]).toEqual([7, 46])
  })
})
