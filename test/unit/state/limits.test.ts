import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryLimits } from '../../../src/state/limit-store.ts'

function atTime() {
  const clock = { now: 0 }
  return { clock, store: memoryLimits(() => clock.now) }
}

describe('a bucket', () => {
  it('is full at first, empties, and refills evenly', () => {
    const { clock, store } = atTime()
    expect(store.take('a', 60, 60)).toMatchObject({ taken: true, remaining: 0, fullInMs: 60_000 })
    expect(store.take('a', 1, 60)).toMatchObject({ taken: false, availableInMs: 1_000 })
    clock.now = 1_000
    expect(store.take('a', 1, 60)).toMatchObject({ taken: true, availableInMs: 0 })
    expect(store.take('b', 1, 60)).toMatchObject({ taken: true, remaining: 59 })
  })

  it('gives more than it can hold once it is full, and is in debt then', () => {
    const { clock, store } = atTime()
    expect(store.take('a', 150, 100)).toMatchObject({ taken: true, remaining: 0 })
    clock.now = 60_000
    expect(store.take('a', 150, 100)).toMatchObject({ taken: false, availableInMs: 30_000 })
    clock.now = 90_000
    expect(store.take('a', 150, 100)).toMatchObject({ taken: true })
  })

  it('is settled by what was used: more, or less', () => {
    const { store } = atTime()
    store.take('a', 10, 100)
    store.settle('a', 30, 100)
    expect(store.take('a', 0, 100)).toMatchObject({ remaining: 60 })
    store.settle('a', -1_000, 100)
    expect(store.take('a', 0, 100)).toMatchObject({ remaining: 100 })
  })

  it('never gives more than one bucket and what has trickled in since', () => {
    const step = fc.record({ wait: fc.nat(30_000), amount: fc.integer({ min: 1, max: 50 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, store } = atTime()
        let given = 0
        for (const { wait, amount } of steps) {
          clock.now += wait
          const level = store.take('a', amount, 50) as { taken: boolean; availableInMs: number }
          if (level.taken) given += amount
          else {
            // What it tells to wait is enough, and a little less is not.
            expect(level.availableInMs).toBeGreaterThan(0)
          }
          expect(given).toBeLessThanOrEqual(50 + (clock.now * 50) / 60_000 + 1e-6)
        }
      }),
    )
  })
})

it('counts who is inside, and forgets who left', () => {
  const { store } = atTime()
  expect([store.acquire('a', 2), store.acquire('a', 2), store.acquire('a', 2)]).toEqual([
    true,
    true,
    false,
  ])
  store.release('a')
  expect(store.acquire('a', 2)).toBe(true)
  store.release('a')
  store.release('a')
  store.release('a')
  expect([store.acquire('a', 1), store.acquire('a', 1)]).toEqual([true, false])
})

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'refuses %d, which would spoil a bucket for ever',
  (amount) => {
    const { store } = atTime()
    expect(() => store.take('a', amount, 100)).toThrow(RangeError)
    expect(() => store.settle('a', amount, 100)).toThrow(RangeError)
    expect(() => store.take('a', 1, amount)).toThrow(RangeError)
    expect(store.take('a', 0, 100)).toMatchObject({ taken: true, remaining: 100 })
  },
)

it('refuses to take less than nothing, which would be a refund', () => {
  expect(() => atTime().store.take('a', -1, 100)).toThrow('amount: expected a finite number')
})

it('is not drained by a clock that is set back', () => {
  const { clock, store } = atTime()
  clock.now = 60_000
  store.take('a', 10, 100)
  clock.now = 0
  expect(store.take('a', 0, 100)).toMatchObject({ remaining: 90 })
})

it('keeps debts when it forgets full buckets of thousands of names', () => {
  const { clock, store } = atTime()
  store.settle('debtor', 1_000, 100)
  for (let round = 0; round < 5; round++) {
    clock.now += 60_000
    for (let name = 0; name < 1_000; name++) store.take(`${round}.${name}`, 1, 100)
  }
  expect(store.take('debtor', 0, 100)).toMatchObject({ taken: false, remaining: 0 })
})
