import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BreakerPermit, CircuitBreaker } from '../../../../src/engines/pool/circuit-breaker.ts'

/** One that five failures have opened at 0. */
function opened(): CircuitBreaker {
  const breaker = new CircuitBreaker()
  for (let count = 0; count < 5; count++) breaker.acquire(0).failed(0)
  return breaker
}

describe('a breaker', () => {
  it('opens after five failures in a row, and not by fewer', () => {
    const breaker = new CircuitBreaker()
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 4; count++) breaker.acquire(0).failed(0)
      expect(breaker.state(0)).toBe('closed')
      breaker.acquire(0).succeeded(0)
    }
    for (let count = 0; count < 5; count++) breaker.acquire(0).failed(0)
    expect(breaker.state(0)).toBe('open')
    expect(breaker.allows(0)).toBe(false)
    expect(breaker.retryIn(0)).toBe(5_000)
  })

  it('opens where half of its answers break off after their first chunk', () => {
    const breaker = new CircuitBreaker()
    for (let count = 0; count < 10; count++) {
      const [good, bad] = [breaker.acquire(0), breaker.acquire(0)]
      for (const pass of [good, bad]) pass.answered()
      good.succeeded(0)
      bad.failed(0)
    }
    expect(breaker.state(0)).toBe('open')
  })

  it('forgets failures that are long ago', () => {
    const breaker = new CircuitBreaker()
    for (let count = 0; count < 30; count++) {
      breaker.acquire(0).failed(count * 40_000)
      breaker.acquire(0).answered()
    }
    expect(breaker.state(0)).toBe('closed')
  })

  it('lets one probe through, and closes when that is answered', () => {
    const breaker = opened()
    expect(breaker.state(5_000)).toBe('half-open')
    const probe = breaker.acquire(5_000)
    expect(probe.isProbe).toBe(true)
    expect(breaker.allows(5_000)).toBe(false)
    probe.answered()
    expect(breaker.state(5_000)).toBe('closed')
    expect(breaker.allows(5_000)).toBe(true)
  })

  it('rests longer each time a probe fails, up to a minute', () => {
    const breaker = opened()
    let now = 0
    const rests: number[] = []
    for (let round = 0; round < 6; round++) {
      rests.push(breaker.retryIn(now))
      now += breaker.retryIn(now)
      breaker.acquire(now).failed(now)
    }
    expect(rests).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  })

  it('lets another probe through where the first one showed nothing', () => {
    const breaker = opened()
    breaker.acquire(5_000).ignored()
    expect(breaker.acquire(5_000).isProbe).toBe(true)
  })

  it('takes a hint that the engine is back', () => {
    const breaker = opened()
    breaker.allowProbe(100)
    expect(breaker.state(100)).toBe('half-open')
    breaker.acquire(100).failed(100)
    expect(breaker.state(101)).toBe('open')
  })

  it('learns nothing of the present from what was asked before it opened', () => {
    const breaker = new CircuitBreaker()
    const old = breaker.acquire(0)
    for (let count = 0; count < 5; count++) breaker.acquire(0).failed(0)
    old.answered()
    old.succeeded(0)
    expect(breaker.state(0)).toBe('open')
  })
})

const step = fc.oneof(
  fc.record({ kind: fc.constant('enter' as const) }),
  fc.record({
    kind: fc.constantFrom('answered', 'succeeded', 'failed', 'ignored'),
    which: fc.nat(),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  fc.record({ kind: fc.constant('hint' as const) }),
)

it('whatever happens: one probe at most, none while it rests, and always a way back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const breaker = new CircuitBreaker()
      const live = new Set<BreakerPermit>()
      let now = 0
      for (const each of steps) {
        if (each.kind === 'wait') now += each.ms
        else if (each.kind === 'hint') breaker.allowProbe(now)
        else if (each.kind === 'enter') {
          if (!breaker.allows(now)) continue
          const state = breaker.state(now)
          const pass = breaker.acquire(now)
          expect(pass.isProbe).toBe(state === 'half-open')
          live.add(pass)
          if (pass.isProbe) expect(breaker.allows(now)).toBe(false)
        } else {
          const pass = [...live][each.which % Math.max(1, live.size)]
          if (pass === undefined) continue
          pass[each.kind](now)
          if (each.kind !== 'answered') live.delete(pass)
        }
        if (breaker.state(now) === 'open') expect(breaker.allows(now)).toBe(false)
        if (breaker.state(now) === 'closed') expect(breaker.allows(now)).toBe(true)
      }
      for (const pass of live) pass.ignored()
      now += breaker.retryIn(now)
      expect(breaker.allows(now)).toBe(true)
      breaker.acquire(now).answered()
      expect(breaker.state(now)).toBe('closed')
    }),
  )
})
