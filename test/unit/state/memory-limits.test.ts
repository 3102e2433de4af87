import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PERMIT_LEASE } from '../../../src/state/limits.ts'
import { memoryLimits } from '../../../src/state/memory-limits.ts'
import { claim, counted, held, KEY } from '../../state/limits-claims.ts'
import { limitsSuite } from '../../state/limits-suite.ts'

limitsSuite('memory', () => atTime(PERMIT_LEASE))

const NOON = Date.UTC(2026, 10, 26, 12)

/** Limits in memory with a clock of the test's own. */
function atTime(lease?: number) {
  const clock = { now: 0, wall: NOON }
  const limits = memoryLimits({ clock: () => clock.now, now: () => clock.wall, lease })
  const pass = (ms: number) => {
    clock.now += ms
    clock.wall += ms
  }
  return { clock, limits, pass }
}

describe('limits in memory', () => {
  it('never admit more than one bucket and what has flowed in since', async () => {
    const step = fc.record({ wait: fc.nat(30_000), tokens: fc.integer({ min: 1, max: 50 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, limits, pass } = atTime()
        const fifty = { tokensPerMinute: 50 }
        let given = 0
        for (const { wait, tokens } of steps) {
          pass(wait)
          const { refusedBy, availableInMs } = await limits.admit(claim(fifty, { tokens }))
          if (refusedBy === undefined) given += tokens
          else {
            pass(availableInMs)
            const again = await limits.admit(claim(fifty, { tokens }))
            expect(again.refusedBy).toBeUndefined()
            given += tokens
          }
          expect(given).toBeLessThanOrEqual(50 + (clock.now * 50) / 60_000 + 1e-6)
        }
      }),
    )
  })

  it('are not drained by a clock that is set back', async () => {
    const { clock, limits } = atTime()
    clock.now = 60_000
    await limits.admit(claim({ tokensPerMinute: 100 }, { tokens: 10 }))
    clock.now = 0
    expect((await limits.levels(KEY, { tokensPerMinute: 100 })).tokens?.remaining).toBe(90)
  })

  it('do not begin a day anew where the clock is set back to the one before', async () => {
    const { clock, limits } = atTime()
    const one = { requestsPerDay: 1 }
    clock.wall = Date.UTC(2026, 11, 1, 0, 0, 1)
    await limits.admit(claim(one))
    clock.wall -= 2_000
    const { refusedBy, levels, availableInMs } = await limits.admit(claim(one))
    expect([refusedBy, levels.day.period]).toEqual(['requestsPerDay', '2026-12-01'])
    expect([levels.month.period, levels.month.requests]).toEqual(['2026-12', 1])
    expect(availableInMs).toBe(86_401_000)
    // A clock that was wrong by months, and was put right, does not keep a key out for months.
    clock.wall = NOON
    expect((await limits.admit(claim(one))).refusedBy).toBeUndefined()
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1])(
    'refuse %d, which would spoil a bucket for ever',
    async (amount) => {
      const { limits } = atTime()
      const hundred = { tokensPerMinute: 100, maxConcurrency: 1 }
      const { claim: first, permit } = held(hundred, { tokens: 10 })
      const used = { tokens: amount, answerTokens: 0 }
      expect(() => limits.admit(claim(hundred, { tokens: amount }))).toThrow(RangeError)
      expect(() => limits.admit(claim({ requestsPerMinute: amount }))).toThrow(RangeError)
      await limits.admit(first)
      expect(() => limits.advance(permit, used)).toThrow('tokens: expected a finite number')
      expect(() => limits.settle(permit, used)).toThrow(RangeError)
      const levels = await limits.levels(KEY, hundred)
      expect(counted(levels)).toMatchObject({ tokens: 90, running: 0, day: [1, 10, 0] })
    },
  )

  it('hold a permit without renewal, unless they are given a lease', async () => {
    const { limits, pass } = atTime()
    const one = { maxConcurrency: 1 }
    const { claim: first, permit } = held(one)
    await limits.admit(first)
    pass(365 * 86_400_000)
    expect((await limits.admit(held(one).claim)).refusedBy).toBe('concurrency')
    await limits.settle(permit, undefined)
    expect((await limits.admit(held(one).claim)).refusedBy).toBeUndefined()
  })

  it('say since when they count', async () => {
    const { limits, pass } = atTime()
    await limits.admit(claim({}))
    pass(5_000)
    expect((await limits.levels(KEY, {})).since).toBe(NOON)
  })

  it('keep debts, permits and quotas when they forget thousands of names', async () => {
    const { limits, pass } = atTime()
    const hundred = { requestsPerMinute: 100, maxConcurrency: 1 }
    const debt = { tokensPerMinute: 1 }
    await limits.admit({ ...claim(debt, { tokens: 1_000 }), key: 'debtor' })
    await limits.admit(held(hundred, { key: 'long' }).claim)
    await limits.admit({ ...claim({ requestsPerDay: 1 }), key: 'quota' })
    for (let round = 0; round < 30; round++) {
      pass(60_000)
      for (let name = 0; name < 500; name++) {
        await limits.admit({ ...claim(hundred), key: `${round}.${name}` })
      }
    }
    expect((await limits.levels('debtor', debt)).tokens?.remaining).toBe(0)
    expect((await limits.levels('long', hundred)).running).toBe(1)
    expect((await limits.levels('quota', { requestsPerDay: 1 })).day.requests).toBe(1)
    // Of the others those are remembered that came last.
    expect((await limits.levels('0.0', hundred)).day.requests).toBe(0)
    expect((await limits.levels('29.499', hundred)).day.requests).toBe(1)
    expect((await limits.levels('15.0', hundred)).day.requests).toBe(1)
    pass(31 * 86_400_000)
    expect((await limits.levels('29.499', hundred)).day.requests).toBe(0)
  })
})
