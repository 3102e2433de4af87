import { expect, it } from 'vitest'
import { levelsOf, MAX_WATCHED, RecentCallers } from '../../../src/guard/levels.ts'
import { memoryLimits } from '../../../src/state/limit-store.ts'

it('tells what is left of each limit, and takes nothing', async () => {
  const store = memoryLimits(() => 0)
  const ann = { name: 'ann', requestsPerMinute: 60, tokensPerMinute: 600, maxConcurrency: 2 }
  store.take('ann requests', 30, 60)
  store.settle('ann tokens', 700, 600)
  store.acquire('ann', 2)
  const expected = {
    ...{ name: 'ann', running: 1, maxConcurrency: 2 },
    requests: { limit: 60, remaining: 30, fullInMs: 30_000 },
    tokens: { limit: 600, remaining: 0, fullInMs: 70_000 },
  }
  for (let count = 0; count < 3; count++) expect(await levelsOf(ann, store)).toEqual(expected)
  expect(await levelsOf({ name: 'bob' }, store)).toEqual({ name: 'bob' })
})

it('leaves out what a store of the program’s own does not tell, or tells wrongly', async () => {
  const { running: _, ...store } = memoryLimits()
  const level = { taken: true, remaining: Number.NaN, fullInMs: 1, availableInMs: 0 }
  const own = { ...store, take: async () => level }
  const ann = { name: 'ann', requestsPerMinute: 60, maxConcurrency: 2 }
  expect(await levelsOf(ann, own)).toEqual({ name: 'ann', maxConcurrency: 2 })
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
