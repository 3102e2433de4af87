import { expect, it } from 'vitest'
import { levelAt } from '../../../demo/keys/refill.ts'
import { levelsIn, limitsAt } from '../../support/limits.ts'

const SIXTY = { tokensPerMinute: 60 }
const HUNDRED = { tokensPerMinute: 100 }

it('says what the server would say, at any time after it told', async () => {
  let now = 0
  const store = limitsAt(() => now)
  const told = () => levelsIn(store, 'a', SIXTY).tokens ?? { remaining: -1, fullInMs: -1 }
  await store.admit({ key: 'a', limits: SIXTY, requests: 1, tokens: 37 })
  const { remaining, fullInMs } = told()
  for (now = 0; now <= 40_000; now += 1_700) {
    const level = levelAt({ limit: 60, remaining, fullInMs }, now)
    expect([level.left, Math.round(level.fullInMs)]).toEqual([
      told().remaining,
      Math.round(told().fullInMs),
    ])
  }
})

it('knows a debt, and when it is paid', async () => {
  let now = 0
  const store = limitsAt(() => now)
  const claim = { key: 'a', limits: HUNDRED, requests: 0 } as const
  await store.admit({ ...claim, tokens: 150 })
  await store.admit({ ...claim, tokens: 0 })
  const { remaining = -1, fullInMs = -1 } = levelsIn(store, 'a', HUNDRED).tokens ?? {}
  const level = { limit: 100, remaining, fullInMs }
  const first = levelAt(level, 0)
  expect(first).toMatchObject({ left: 0, debt: 50, share: 0, fullInMs: 90_000 })
  now = Math.floor(first.freeInMs) - 1
  expect(levelAt(level, now)).toMatchObject({ left: 0, debt: 0 })
  now = Math.ceil(first.freeInMs) + 1
  expect(levelAt(level, now)).toMatchObject({ left: 1, freeInMs: 0 })
  expect((await store.admit({ ...claim, tokens: 1 })).refusedBy).toBeUndefined()
})

it('is full from then on', () => {
  const level = { limit: 10, remaining: 4, fullInMs: 36_000 }
  for (const elapsed of [36_000, 1e9]) {
    const full = { left: 10, debt: 0, share: 1, fullInMs: 0, freeInMs: 0 }
    expect(levelAt(level, elapsed)).toEqual(full)
  }
})
