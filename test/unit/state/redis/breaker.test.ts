import { expect, it } from 'vitest'
import { Breaker } from '../../../../src/state/redis/breaker.ts'

function opened(): Breaker {
  const breaker = new Breaker()
  expect([breaker.onFailure(), breaker.onFailure(), breaker.onFailure()]).toEqual([
    false,
    false,
    true,
  ])
  return breaker
}

it('opens after three failures in a row, and tells that once', () => {
  const breaker = new Breaker()
  breaker.onFailure()
  breaker.onFailure()
  breaker.onSuccess()
  breaker.onFailure()
  breaker.onFailure()
  expect(breaker.isOpen).toBe(false)
  expect(breaker.onFailure()).toBe(true)
  expect([breaker.isOpen, breaker.onFailure()]).toEqual([true, false])
})

it('probes after 1, 2, 4, 8 and then every 10 seconds', () => {
  const breaker = opened()
  const pauses = Array.from({ length: 6 }, () => {
    const { pauseMs } = breaker
    breaker.onProbe(false)
    return pauseMs
  })
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
  expect(breaker.isOpen).toBe(true)
})

it('opens again by one failure after a probe that succeeded, and waits longer then', () => {
  const breaker = opened()
  breaker.onProbe(true)
  expect(breaker.isOpen).toBe(false)
  expect(breaker.onFailure()).toBe(true)
  expect(breaker.pauseMs).toBe(2_000)
  breaker.onProbe(true)
  breaker.onSuccess()
  expect([breaker.onFailure(), breaker.pauseMs]).toEqual([false, 1_000])
})

it('is not closed by a reply that was on its way when it opened', () => {
  const breaker = opened()
  breaker.onSuccess()
  expect(breaker.isOpen).toBe(true)
})
