import { expect, it } from 'vitest'
import { levelsOf, MAX_WATCHED, RecentCallers } from '../../../src/guard/levels.ts'
import { limitsAt, limitsWith } from '../../support/limits.ts'

it('tells what is left of each limit, and takes nothing', async () => {
  const store = limitsAt()
  const limits = { requestsPerMinute: 60, tokensPerMinute: 600, maxConcurrency: 2 }
  const ann = { name: 'ann', ...limits }
  for (let count = 0; count < 30; count++) {
    const permit = count === 0 ? { id: 'a', slot: 'running' as const } : undefined
    await store.admit({ key: 'ann', limits, requests: 1, tokens: count === 0 ? 600 : 0, permit })
  }
  await store.advance(
    { id: 'a', key: 'ann', slot: 'running', limits, tokens: 600 },
    {
      ...{ tokens: 700, answerTokens: 1 },
    },
  )
  const expected = {
    ...{ name: 'ann', running: 1, maxConcurrency: 2 },
    requests: { limit: 60, remaining: 30, fullInMs: 30_000 },
    tokens: { limit: 600, remaining: 0, fullInMs: 70_000 },
  }
  for (let count = 0; count < 3; count++) expect(await levelsOf(ann, store)).toMatchObject(expected)
  expect(await levelsOf({ name: 'bob' }, store)).toMatchObject({ name: 'bob' })
})

it('leaves out what a store of the program’s own does not tell, or tells wrongly', async () => {
  const store = limitsAt()
  const own = limitsWith(store, {
    async levels(key, limits) {
      const { running: _, ...levels } = await store.levels(key, limits)
      return { ...levels, requests: { limit: 60, remaining: Number.NaN, fullInMs: 1 } }
    },
  })
  const ann = { name: 'ann', requestsPerMinute: 60, maxConcurrency: 2 }
  const levels = await levelsOf(ann, own)
  expect(levels).toMatchObject({ name: 'ann', maxConcurrency: 2 })
  expect([levels.running, levels.requests]).toEqual([undefined, undefined])
})

it('remembers the callers that came last, beside the keys in the settings', () => {
  const recent = new RecentCallers()
  const keys = [{ name: 'key-b', requestsPerMinute: 2 }, { name: 'key-a' }]
  recent.add({ name: 'user-1' })
  recent.add({ name: 'key-b', requestsPerMinute: 1 })
  expect(recent.with(keys)).toEqual([
    { name: 'key-a' },
    { name: 'key-b', requestsPerMinute: 2 },
    { name: 'user-1' },
  ])
  for (let count = 0; count < 2_000; count++) recent.add({ name: `user-${count}` })
  const names = recent.with(keys).map(({ name }) => name)
  expect(names).toHaveLength(MAX_WATCHED)
  expect(names).toContain('user-1999')
  expect(names).not.toContain('user-1')
})

it('looks at no more keys of the settings than there is room for', () => {
  const recent = new RecentCallers()
  let looks = 0
  const keys = Array.from({ length: 10_000 }, (_, at) => ({
    get name() {
      looks++
      return `key-${at}`
    },
  }))
  recent.with(keys)
  looks = 0
  expect(recent.with(keys)).toHaveLength(MAX_WATCHED)
  expect(looks).toBeLessThan(30 * MAX_WATCHED)
  looks = 0
  recent.add({ name: 'key-9999' })
  expect(recent.with(keys).at(-1)).toBe(keys[9_999])
})
