import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RetryBudget, RetryBudgets } from '../../../../src/engines/pool/retry-budget.ts'

it('lets a quiet server try again, five times in half a minute', () => {
  const budget = new RetryBudget()
  budget.countRequest(1_000)
  const given = Array.from({ length: 10 }, () => budget.withdraw(1_000))
  expect(given.filter(Boolean)).toHaveLength(5)
  expect(budget.withdraw(29_000)).toBe(false)
  expect(budget.withdraw(32_000)).toBe(true)
})

it('gives a busy one a tenth of its requests', () => {
  const budget = new RetryBudget()
  for (let count = 0; count < 1_000; count++) budget.countRequest(count * 10)
  const given = Array.from({ length: 500 }, () => budget.withdraw(10_000))
  expect(given.filter(Boolean)).toHaveLength(100)
})

it('never adds more than a tenth, or five, in any half minute', () => {
  const event = fc.record({
    after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })),
    requests: fc.integer({ min: 0, max: 40 }),
    retries: fc.integer({ min: 0, max: 10 }),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const budget = new RetryBudget()
      const past: { now: number; requests: number; retries: number }[] = []
      let now = 0
      for (const { after, requests, retries } of events) {
        now += after
        for (let count = 0; count < requests; count++) budget.countRequest(now)
        const given = Array.from({ length: retries }, () => budget.withdraw(now)).filter(Boolean)
        past.push({ now, requests, retries: given.length })
        // A slot is forgotten as a whole, so a window is at most one slot shorter.
        const recent = past.filter((each) => each.now > now - 29_000)
        const counted = past.filter((each) => each.now > now - 30_000)
        const tried = recent.reduce((sum, each) => sum + each.retries, 0)
        const asked = counted.reduce((sum, each) => sum + each.requests, 0)
        if (given.length > 0) expect(tried).toBeLessThanOrEqual(Math.max(5, asked / 10))
      }
    }),
  )
})

it('gives each caller its own, however many there are', () => {
  const budgets = new RetryBudgets()
  const all = (who: string) =>
    Array.from({ length: 9 }, () => budgets.forCaller(who).withdraw(1_000))
  expect(all('ann').filter(Boolean)).toHaveLength(5)
  expect(all('bob').filter(Boolean)).toHaveLength(5)
  expect(budgets.forCaller('ann').withdraw(1_000)).toBe(false)
  for (let other = 0; other < 1_000; other++) budgets.forCaller(`key ${other}`)
  // It was forgotten for others.
  expect(budgets.forCaller('ann').withdraw(1_000)).toBe(true)
})
