import { expect, it, vi } from 'vitest'
import { createHandler } from '../../../src/handler.ts'
import { formerLimits, isFormer, type LimitStore } from '../../../src/state/former-limits.ts'
import { claim, counted, held, KEY } from '../../state/limits-claims.ts'

const told = vi.spyOn(console, 'warn').mockImplementation(() => {})

interface Bucket {
  left: number
}

/** A store as programs wrote it for the last release; its time stands still. */
function formerStore(): LimitStore & { running(name: string): number } {
  const buckets = new Map<string, Bucket>()
  const slots = new Map<string, number>()
  const bucketOf = (name: string, size: number) => {
    const bucket = buckets.get(name) ?? { left: size }
    buckets.set(name, bucket)
    return bucket
  }
  return {
    async take(name, amount, size) {
      const bucket = bucketOf(name, size)
      const taken = bucket.left >= Math.min(amount, size)
      if (taken) bucket.left -= amount
      const remaining = Math.max(0, bucket.left)
      return { taken, remaining, fullInMs: 60_000, availableInMs: taken ? 0 : 2_000 }
    },
    async settle(name, amount, size) {
      const bucket = bucketOf(name, size)
      bucket.left = Math.min(size, bucket.left - amount)
    },
    async acquire(name, limit) {
      const count = slots.get(name) ?? 0
      if (count < limit) slots.set(name, count + 1)
      return count < limit
    },
    async release(name) {
      slots.set(name, (slots.get(name) ?? 0) - 1)
    },
    running: (name) => slots.get(name) ?? 0,
  }
}

const all = { requestsPerMinute: 5, tokensPerMinute: 20, maxConcurrency: 1, requestsPerDay: 4 }

it('a store of the last release decides as it did, all or nothing, and its writer is warned', async () => {
  const limits = formerLimits(formerStore())
  expect(told.mock.calls.flat().join()).toMatch(/deprecated.*admit, renew, advance, settle/)
  const first = held(all, { tokens: 8 })
  const admitted = await limits.admit(first.claim)
  expect(admitted.refusedBy).toBeUndefined()
  expect(counted(admitted.levels)).toMatchObject({ requests: 4, tokens: 12, day: [1, 8, 0] })
  for (const [slot, tokens, by] of [
    ['running', 1, 'concurrency'],
    ['background', 15, 'tokens'],
  ] as const) {
    const refused = await limits.admit(held(all, { slot, tokens }).claim)
    expect([refused.refusedBy, refused.availableInMs > 0]).toEqual([by, true])
    const left = { requests: 4, tokens: 12, running: 1, background: 0, day: [1, 8, 0] }
    expect(counted(refused.levels)).toMatchObject(left)
    expect(counted(await limits.levels(KEY, all))).toMatchObject(left)
  }
  await limits.advance(first.permit, { tokens: 11, answerTokens: 5 })
  await limits.advance(first.permit, { tokens: 10, answerTokens: 4 })
  expect(counted(await limits.levels(KEY, all))).toMatchObject({ tokens: 9, day: [1, 11, 5] })
  for (let time = 0; time < 2; time++) {
    await limits.settle(first.permit, { tokens: 3, answerTokens: 1 })
    const after = { requests: 4, tokens: 17, running: 0, day: [1, 3, 1] }
    expect(counted(await limits.levels(KEY, all))).toMatchObject(after)
  }
  const background = held(all, { slot: 'background' })
  expect((await limits.admit(background.claim)).refusedBy).toBeUndefined()
  expect(await limits.levels(KEY, all)).toMatchObject({ running: 0, background: 1 })
  await limits.admit(claim(all))
  await limits.admit(claim(all))
  const over = await limits.admit(claim(all))
  expect([over.refusedBy, over.levels.requests?.remaining]).toEqual(['requestsPerDay', 1])
})

it('gives back what it took where a call to it fails', async () => {
  const store = formerStore()
  const limits = formerLimits({
    ...store,
    take: (name, amount, size) =>
      name.endsWith('tokens') ? Promise.reject(new Error('gone')) : store.take(name, amount, size),
  })
  await expect(limits.admit(held(all, { tokens: 8 }).claim)).rejects.toThrow('gone')
  await expect.poll(() => store.running(KEY)).toBe(0)
  expect((await store.take(`${KEY} requests`, 0, 5)).remaining).toBe(5)
})

it('is accepted as state.limits', async () => {
  const limits = formerStore()
  expect([isFormer(limits), isFormer({ take() {} }), isFormer(undefined)]).toEqual([
    ...[true, false, false],
  ])
  const { fetch } = createHandler({
    authenticate: () => ({ name: 'ann', requestsPerMinute: 2, maxConcurrency: 1 }),
    staticDelay: 0,
    state: { limits },
  })
  const ask = () =>
    fetch(
      new Request('http://sluice.example/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"model":"static","messages":[{"role":"user","content":"Hi"}]}',
      }),
    )
  for (const left of ['1', '0']) {
    const response = await ask()
    await response.text()
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe(left)
    await expect.poll(() => limits.running('ann')).toBe(0)
  }
  expect((await ask()).status).toBe(429)
})
