import { describe, expect, it } from 'vitest'
import { claim, counted, held, KEY, type Opening } from './limits-claims.ts'

const DAY = 86_400_000

export function quotaTests(open: Opening): void {
  describe('a quota', () => {
    it('of requests ends with its day or month, and is whole in the next', async () => {
      const { limits, pass } = await open()
      const two = { requestsPerDay: 2, requestsPerMonth: 3 }
      await limits.admit(claim(two))
      expect((await limits.admit(claim(two))).refusedBy).toBeUndefined()
      const refused = await limits.admit(claim(two))
      const { day, month } = refused.levels
      const isLastDay = day.endsInMs === month.endsInMs
      expect(refused.refusedBy).toBe('requestsPerDay')
      expect(refused.availableInMs).toBe(day.endsInMs)
      expect(day.endsInMs).toBeLessThanOrEqual(DAY)
      expect(month.endsInMs).toBeLessThanOrEqual(31 * DAY)
      expect(day.period).toMatch(/^\d{4}-\d\d-\d\d$/)
      expect(day.period.startsWith(month.period)).toBe(true)
      await pass(day.endsInMs)
      const next = await limits.admit(claim(two))
      expect(next.refusedBy).toBeUndefined()
      expect(next.levels.day.period).not.toBe(day.period)
      expect(next.levels.day.requests).toBe(1)
      if (isLastDay) return
      const over = await limits.admit(claim(two))
      expect([over.refusedBy, over.levels.month.requests]).toEqual(['requestsPerMonth', 3])
      await pass(over.availableInMs)
      const later = await limits.admit(claim(two))
      expect(counted(later.levels)).toMatchObject({ day: [1, 0, 0], month: [1, 0, 0] })
    })

    it('of tokens admits what it has left, reserved tokens included', async () => {
      const { limits } = await open()
      const hundred = { tokensPerDay: 100, tokensPerMonth: 150 }
      const first = held(hundred, { tokens: 60 })
      expect((await limits.admit(first.claim)).refusedBy).toBeUndefined()
      const refused = await limits.admit(claim(hundred, { tokens: 41 }))
      expect([refused.refusedBy, refused.availableInMs]).toEqual([
        'tokensPerDay',
        refused.levels.day.endsInMs,
      ])
      expect((await limits.admit(claim(hundred, { tokens: 40 }))).refusedBy).toBeUndefined()
      await limits.settle(first.permit, { tokens: 20, answerTokens: 10 })
      expect((await limits.admit(claim(hundred, { tokens: 40 }))).refusedBy).toBeUndefined()
      expect((await limits.admit(claim(hundred, { tokens: 1 }))).refusedBy).toBe('tokensPerDay')
    })

    it('of tokens admits one request that is larger than all of it', async () => {
      const { limits } = await open()
      const ten = { tokensPerDay: 10 }
      expect((await limits.admit(claim(ten, { tokens: 25 }))).refusedBy).toBeUndefined()
      const refused = await limits.admit(claim(ten, { tokens: 1 }))
      expect([refused.refusedBy, refused.levels.day.tokens]).toEqual(['tokensPerDay', 25])
    })

    it('gets nothing back of what was taken the day before, and is charged for more', async () => {
      const { limits, pass } = await open()
      const hundred = { tokensPerDay: 100 }
      const { day } = await limits.levels(KEY, hundred)
      // A lease is longer than what is left of the day.
      await pass(day.endsInMs - 8_000)
      const [less, more] = [held(hundred, { tokens: 30 }), held(hundred, { tokens: 30 })]
      await limits.admit(less.claim)
      await limits.admit(more.claim)
      await pass(10_000)
      await limits.admit(claim(hundred, { tokens: 50 }))
      await limits.settle(less.permit, { tokens: 10, answerTokens: 9 })
      const { levels } = await limits.admit(claim(hundred, { requests: 0 }))
      expect(levels.day.period).not.toBe(day.period)
      expect(counted(levels).day).toEqual([1, 50, 0])
      await limits.settle(more.permit, { tokens: 45, answerTokens: 40 })
      expect(counted(await limits.levels(KEY, hundred)).day).toEqual([1, 65, 15])
    })
  })
}
