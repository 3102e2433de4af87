import { describe, expect, it } from 'vitest'
import { claim, counted, held, KEY, type Opening } from './limits-claims.ts'

const limited = { tokensPerMinute: 20, maxConcurrency: 2 }

export function useTests(open: Opening): void {
  describe('what a request used', () => {
    it.each([
      ['less than was reserved', { tokens: 4, answerTokens: 3 }, 16, [1, 4, 3]],
      ['more than was reserved', { tokens: 19, answerTokens: 15 }, 1, [1, 19, 15]],
      ['more than there is', { tokens: 30, answerTokens: 9 }, 0, [1, 30, 9]],
      ['nothing, as no engine worked', undefined, 20, [1, 0, 0]],
    ])('is charged at the end, once: %s', async (_, used, tokens, day) => {
      const { limits, other } = await open()
      const { claim, permit } = held(limited, { tokens: 10 })
      expect(counted((await limits.admit(claim)).levels)).toMatchObject({
        tokens: 10,
        running: 1,
        day: [1, 10, 0],
      })
      await limits.settle(permit, used)
      const after = { tokens, running: 0, day, month: day }
      expect(counted(await limits.levels(KEY, limited))).toMatchObject(after)
      await other.settle(permit, { tokens: 1, answerTokens: 1 })
      await other.advance(permit, { tokens: 100, answerTokens: 100 })
      expect(counted(await limits.levels(KEY, limited))).toMatchObject(after)
    })

    it('may leave a debt, which refuses others until it has flowed in again', async () => {
      const { limits, pass } = await open()
      const { claim: first, permit } = held(limited, { tokens: 1 })
      await limits.admit(first)
      await limits.settle(permit, { tokens: 30, answerTokens: 29 })
      const refused = await limits.admit(claim(limited, { tokens: 1 }))
      expect(refused.refusedBy).toBe('tokens')
      expect(refused.availableInMs).toBeGreaterThan(28_000)
      expect(refused.availableInMs).toBeLessThanOrEqual(33_000)
      await pass(33_000)
      expect((await limits.admit(claim(limited, { tokens: 1 }))).refusedBy).toBeUndefined()
    })

    it('is taken while a long answer comes, and not again at its end', async () => {
      const { limits, other } = await open()
      const { claim, permit } = held(limited, { tokens: 5 })
      await limits.admit(claim)
      await limits.advance(permit, { tokens: 3, answerTokens: 2 })
      expect(counted(await limits.levels(KEY, limited))).toMatchObject({
        tokens: 15,
        day: [1, 5, 2],
      })
      await limits.advance(permit, { tokens: 12, answerTokens: 9 })
      await other.advance(permit, { tokens: 12, answerTokens: 9 })
      await limits.advance(permit, { tokens: 8, answerTokens: 6 })
      expect(counted(await limits.levels(KEY, limited))).toMatchObject({
        tokens: 8,
        day: [1, 12, 9],
      })
      await other.settle(permit, { tokens: 10, answerTokens: 7 })
      expect(counted(await limits.levels(KEY, limited))).toMatchObject({
        tokens: 10,
        running: 0,
        day: [1, 10, 7],
      })
    })

    it('is what a claim without a permit asks for', async () => {
      const { limits } = await open()
      const { levels } = await limits.admit(claim(limited, { tokens: 9, answerTokens: 4 }))
      const after = { tokens: 11, running: 0, day: [1, 9, 4], month: [1, 9, 4] }
      expect(counted(levels)).toMatchObject(after)
      await limits.admit(claim(limited, { requests: 0, tokens: 2, answerTokens: 1 }))
      expect(counted(await limits.levels(KEY, limited))).toMatchObject({ day: [1, 11, 5] })
    })

    it('is counted for a key without limits, and where there are no keys', async () => {
      const { limits, other } = await open()
      for (const key of ['bob', '']) {
        await limits.admit({ key, limits: {}, requests: 1, tokens: 9, answerTokens: 4 })
        await other.admit({ key, limits: {}, requests: 1, tokens: 1, answerTokens: 1 })
        const { day, month } = await limits.levels(key, {})
        expect(day).toMatchObject({ requests: 2, tokens: 10, answerTokens: 5 })
        expect(month).toMatchObject({ requests: 2, tokens: 10, answerTokens: 5 })
      }
    })

    it('never fills a bucket beyond its size', async () => {
      const { limits, pass } = await open()
      const { claim, permit } = held(limited, { tokens: 20 })
      await limits.admit(claim)
      await pass(20_000)
      await limits.settle(permit, undefined)
      expect((await limits.levels(KEY, limited)).tokens).toMatchObject({
        remaining: 20,
        fullInMs: 0,
      })
    })

    it('is not taken by who looks', async () => {
      const { limits, other } = await open()
      const all = { ...limited, requestsPerMinute: 3, requestsPerDay: 3 }
      for (let count = 0; count < 10; count++) {
        expect(counted(await (count % 2 ? limits : other).levels(KEY, all))).toEqual({
          requests: 3,
          tokens: 20,
          running: 0,
          background: 0,
          day: [0, 0, 0],
          month: [0, 0, 0],
        })
      }
    })
  })
}
