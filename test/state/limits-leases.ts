import { describe, expect, it } from 'vitest'
import { PERMIT_LEASE, PERMIT_RENEWAL } from '../../src/state/limits.ts'
import { claim, counted, held, KEY, type Opening } from './limits-claims.ts'

const one = { maxConcurrency: 1, tokensPerDay: 100 }

export function leaseTests(open: Opening): void {
  describe('a permit', () => {
    it('that is not renewed is over when its lease is, and settles nothing then', async () => {
      const { limits, pass } = await open()
      const { claim: first, permit } = held(one, { tokens: 40 })
      await limits.admit(first)
      await pass(PERMIT_LEASE - PERMIT_RENEWAL)
      expect((await limits.admit(held(one).claim)).refusedBy).toBe('concurrency')
      await pass(PERMIT_RENEWAL)
      expect(counted(await limits.levels(KEY, one))).toMatchObject({ running: 0, day: [1, 40, 0] })
      await limits.settle(permit, { tokens: 1, answerTokens: 1 })
      await limits.advance(permit, { tokens: 90, answerTokens: 90 })
      expect(counted(await limits.levels(KEY, one))).toMatchObject({ running: 0, day: [1, 40, 0] })
      expect((await limits.admit(held(one).claim)).refusedBy).toBeUndefined()
    })

    it('holds its slot for as long as it is renewed, by any instance', async () => {
      const { limits, other, pass } = await open()
      const first = held(one, { tokens: 40 })
      const second = held(one, { slot: 'background' })
      await limits.admit(first.claim)
      await limits.admit(second.claim)
      for (let count = 0; count < 6; count++) {
        await pass(PERMIT_RENEWAL)
        await (count % 2 ? other : limits).renew([first.permit, second.permit])
        expect(await limits.levels(KEY, one)).toMatchObject({ running: 1, background: 1 })
      }
      await limits.settle(first.permit, { tokens: 4, answerTokens: 1 })
      expect(counted(await limits.levels(KEY, one))).toMatchObject({
        running: 0,
        background: 1,
        day: [2, 4, 1],
      })
    })

    it('is renewed by what is charged while its answer comes', async () => {
      const { limits, pass } = await open()
      const { claim: first, permit } = held(one, { tokens: 40 })
      await limits.admit(first)
      for (let count = 0; count < 3; count++) {
        await pass(PERMIT_LEASE - PERMIT_RENEWAL)
        await limits.advance(permit, { tokens: 2, answerTokens: 1 })
      }
      expect((await limits.levels(KEY, one)).running).toBe(1)
    })

    it('that was lost is there again once it is renewed, and is settled as before', async () => {
      const { limits, pass } = await open()
      const { claim: first, permit } = held(one, { tokens: 40 })
      await limits.admit(first)
      await pass(PERMIT_LEASE * 2)
      expect((await limits.levels(KEY, one)).running).toBe(0)
      await limits.renew([permit])
      expect((await limits.admit(held(one).claim)).refusedBy).toBe('concurrency')
      await limits.settle(permit, { tokens: 4, answerTokens: 1 })
      expect(counted(await limits.levels(KEY, one))).toMatchObject({ running: 0, day: [1, 4, 1] })
    })

    it('of another instance is there although this one never heard of it', async () => {
      const { limits } = await open()
      const { permit } = held(one, { tokens: 0 })
      await limits.renew([permit])
      expect(await limits.levels(KEY, one)).toMatchObject({ running: 1, day: { requests: 0 } })
      expect((await limits.admit(held(one).claim)).refusedBy).toBe('concurrency')
      await limits.settle(permit, { tokens: 5, answerTokens: 5 })
      expect(counted(await limits.levels(KEY, one))).toMatchObject({ running: 0, day: [0, 5, 5] })
    })

    it('that nobody knows changes nothing', async () => {
      const { limits } = await open()
      const { permit } = held(one, { tokens: 5 })
      await limits.settle(permit, { tokens: 50, answerTokens: 50 })
      await limits.advance(permit, { tokens: 50, answerTokens: 50 })
      await limits.renew([])
      const { levels } = await limits.admit(claim(one))
      expect(counted(levels)).toMatchObject({ running: 0, day: [1, 0, 0] })
    })
  })
}
