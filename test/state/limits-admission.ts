import { describe, expect, it } from 'vitest'
import type { LimitsOfKey } from '../../src/state/limits.ts'
import { claim, counted, held, KEY, type Opening } from './limits-claims.ts'

export function admissionTests(open: Opening): void {
  describe('admission', () => {
    it('lets requests through until their bucket is empty, which refills evenly', async () => {
      const { limits, pass } = await open()
      const six = { requestsPerMinute: 6 }
      for (let left = 5; left >= 0; left--) {
        const { refusedBy, availableInMs, levels } = await limits.admit(claim(six))
        expect([refusedBy, availableInMs]).toEqual([undefined, 0])
        expect(levels.requests).toMatchObject({ limit: 6, remaining: left })
      }
      const refused = await limits.admit(claim(six))
      expect(refused.refusedBy).toBe('requests')
      expect(refused.availableInMs).toBeGreaterThan(5_000)
      expect(refused.availableInMs).toBeLessThanOrEqual(10_000)
      expect(refused.levels.requests?.fullInMs).toBeGreaterThan(55_000)
      expect(refused.levels.requests?.fullInMs).toBeLessThanOrEqual(60_000)
      await pass(10_000)
      expect((await limits.admit(claim(six))).refusedBy).toBeUndefined()
      expect((await limits.admit(claim(six))).refusedBy).toBe('requests')
      await pass(120_000)
      expect((await limits.levels(KEY, six)).requests).toMatchObject({ remaining: 6, fullInMs: 0 })
    })

    it('admits more tokens than the bucket holds once it is full, and leaves a debt', async () => {
      const { limits, pass } = await open()
      const ten = { tokensPerMinute: 10 }
      const first = await limits.admit(claim(ten, { tokens: 15 }))
      expect([first.refusedBy, first.levels.tokens?.remaining]).toEqual([undefined, 0])
      expect(first.levels.tokens?.fullInMs).toBeGreaterThan(85_000)
      await pass(60_000)
      const refused = await limits.admit(claim(ten, { tokens: 15 }))
      expect(refused.refusedBy).toBe('tokens')
      expect(refused.availableInMs).toBeGreaterThan(25_000)
      expect(refused.availableInMs).toBeLessThanOrEqual(30_000)
      await pass(30_000)
      expect((await limits.admit(claim(ten, { tokens: 15 }))).refusedBy).toBeUndefined()
    })

    it('refuses nothing to a claim that needs nothing of what is exceeded', async () => {
      const { limits } = await open()
      const both = {
        requestsPerMinute: 2,
        tokensPerMinute: 10,
        tokensPerDay: 10,
        maxConcurrency: 1,
      }
      await limits.admit(claim(both, { tokens: 30 }))
      await limits.admit(held(both).claim)
      expect((await limits.admit(claim(both))).refusedBy).toBe('requests')
      const look = await limits.admit(claim(both, { requests: 0 }))
      expect([look.refusedBy, look.availableInMs]).toEqual([undefined, 0])
      expect(look.levels.day).toMatchObject({ requests: 2, tokens: 30 })
    })

    const all: LimitsOfKey = {
      requestsPerMinute: 5,
      tokensPerMinute: 10,
      maxConcurrency: 1,
      requestsPerDay: 8,
      tokensPerDay: 40,
      requestsPerMonth: 9,
      tokensPerMonth: 50,
    }
    it.each([
      ['requests', { ...all, requestsPerMinute: 1 }, 1],
      ['tokens', { ...all, maxConcurrency: 9 }, 8],
      ['concurrency', all, 1],
      ['requestsPerDay', { ...all, requestsPerDay: 1 }, 1],
      ['tokensPerDay', { ...all, tokensPerDay: 11 }, 5],
      ['requestsPerMonth', { ...all, requestsPerMonth: 1 }, 1],
      ['tokensPerMonth', { ...all, tokensPerMonth: 11 }, 5],
    ] as const)('takes nothing where %s refuses', async (name, limited, tokens) => {
      const { limits } = await open()
      await limits.admit(held(limited, { tokens: 7 }).claim)
      const before = counted(await limits.levels(KEY, limited))
      expect(before).toMatchObject({ running: 1, day: [1, 7, 0], month: [1, 7, 0] })
      const refused = await limits.admit(held(limited, { tokens }).claim)
      expect(refused.refusedBy).toBe(name)
      expect(refused.availableInMs).toBeGreaterThan(0)
      expect(counted(refused.levels)).toEqual(before)
      expect(counted(await limits.levels(KEY, limited))).toEqual(before)
    })

    it('names the limit that lasts longest', async () => {
      const { limits } = await open()
      const one = { requestsPerMinute: 1, maxConcurrency: 1, requestsPerDay: 1 }
      await limits.admit(held(one).claim)
      expect((await limits.admit(held(one).claim)).refusedBy).toBe('requestsPerDay')
      const { requestsPerDay: _, ...rest } = one
      expect((await limits.admit(held(rest).claim)).refusedBy).toBe('requests')
    })

    it('holds slots for those that run and for as many in the background', async () => {
      const { limits } = await open()
      const two = { maxConcurrency: 2 }
      const running = [held(two), held(two)]
      const background = [held(two, { slot: 'background' }), held(two, { slot: 'background' })]
      for (const { claim } of [...running, ...background]) {
        expect((await limits.admit(claim)).refusedBy).toBeUndefined()
      }
      expect((await limits.admit(held(two).claim)).refusedBy).toBe('concurrency')
      const refused = await limits.admit(held(two, { slot: 'background' }).claim)
      expect(refused.refusedBy).toBe('background')
      expect(refused.levels).toMatchObject({ running: 2, background: 2 })
      for (const { permit } of running) await limits.settle(permit, undefined)
      expect(await limits.levels(KEY, two)).toMatchObject({ running: 0, background: 2 })
      expect((await limits.admit(held(two, { slot: 'background' }).claim)).refusedBy).toBe(
        'background',
      )
      expect((await limits.admit(held(two).claim)).refusedBy).toBeUndefined()
    })

    it('admits exactly as many as there is room for, of those that come at once', async () => {
      const { limits, other } = await open()
      const five = { maxConcurrency: 5, requestsPerMinute: 20 }
      const admissions = await Promise.all(
        Array.from({ length: 30 }, (_, count) =>
          (count % 2 ? limits : other).admit(held(five).claim),
        ),
      )
      const admitted = admissions.filter(({ refusedBy }) => refusedBy === undefined)
      expect(admitted.length).toBe(5)
      expect(await other.levels(KEY, five)).toMatchObject({
        running: 5,
        requests: { remaining: 15 },
      })
    })

    it('counts a permit that is asked for twice once', async () => {
      const { limits } = await open()
      const two = { maxConcurrency: 2, requestsPerMinute: 5, tokensPerMinute: 20 }
      const { claim } = held(two, { tokens: 7 })
      for (let time = 0; time < 3; time++) {
        const { refusedBy, levels } = await limits.admit(claim)
        expect(refusedBy).toBeUndefined()
        expect(counted(levels)).toMatchObject({
          running: 1,
          requests: 4,
          tokens: 13,
          day: [1, 7, 0],
        })
      }
    })

    it('never mixes keys, whatever they are called', async () => {
      const { limits } = await open()
      const one = { requestsPerMinute: 1, maxConcurrency: 1, tokensPerMinute: 10 }
      const names = [
        '',
        'a',
        'a:b',
        '{a}',
        '{a}:b',
        'a}',
        'a tokens',
        'a background',
        'ä',
        '*',
        '__proto__',
      ]
      for (const key of names) {
        expect((await limits.levels(key, one)).day.requests).toBe(0)
        const { refusedBy, levels } = await limits.admit(held(one, { key, tokens: 4 }).claim)
        expect([key, refusedBy, levels.running]).toEqual([key, undefined, 1])
      }
      for (const key of names) expect((await limits.levels(key, one)).tokens?.remaining).toBe(6)
    })

    it('follows limits that are changed', async () => {
      const { limits } = await open()
      await limits.admit(claim({ requestsPerMinute: 10 }))
      const less = await limits.levels(KEY, { requestsPerMinute: 5 })
      expect(less.requests).toMatchObject({ limit: 5, remaining: 5 })
      const none = await limits.levels(KEY, {})
      expect([none.requests, none.tokens, none.running]).toEqual([undefined, undefined, undefined])
    })

    it('goes on from what was left where a limit is removed and is there again', async () => {
      const { limits } = await open()
      const both = { requestsPerMinute: 60, tokensPerMinute: 60 }
      await limits.admit(claim(both, { tokens: 10 }))
      for (let count = 0; count < 80; count++) await limits.admit(claim({}, { tokens: 50 }))
      const { claim: free, permit } = held({}, { tokens: 50 })
      await limits.admit(free)
      await limits.advance(permit, { tokens: 300, answerTokens: 250 })
      await limits.settle(permit, { tokens: 500, answerTokens: 450 })
      const again = await limits.admit(claim(both, { tokens: 10 }))
      expect([again.refusedBy, again.availableInMs]).toEqual([undefined, 0])
      expect(again.levels.requests?.remaining).toBeGreaterThanOrEqual(58)
      expect(again.levels.tokens?.remaining).toBeGreaterThanOrEqual(40)
    })
  })
}
