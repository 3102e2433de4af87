import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BreakerPermit, CircuitBreaker } from '../../../../src/engines/pool/circuit-breaker.ts'

/** So many requests of a caller are answered with a failure. */
function fail(breaker: CircuitBreaker, who: string, times = 1, now = 0): void {
  for (let time = 0; time < times; time++) breaker.acquire(now, who).failed(now, 'caller')
}

const open = (breaker: CircuitBreaker, now = 0) =>
  ['ann', 'bob', 'cat'].filter((who) => !breaker.allows(now, who)).join()

describe('an answered failure counts for its caller', () => {
  it('who alone is kept from the engine', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 5)
    expect(open(breaker)).toBe('ann')
    expect(breaker.state(0)).toBe('half-open')
    expect(breaker.allows(0)).toBe(false)
  })

  it('and for the only one, where callers have no names', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, '', 5)
    expect(breaker.allows(0, '')).toBe(false)
    expect(breaker.state(0)).toBe('open')
  })

  it('several of another caller may be under way, none of them a probe', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 5)
    const passes = [breaker.acquire(0, 'bob'), breaker.acquire(0, 'cat'), breaker.acquire(0, 'bob')]
    expect(passes.map(({ isProbe }) => isProbe)).toEqual([false, false, false])
    passes[1]?.answered()
    expect(open(breaker)).toBe('')
    expect(breaker.state(0)).toBe('closed')
  })

  it('another is not kept waiting for a probe of the one who had them', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 5)
    expect(breaker.acquire(5_000, 'ann').isProbe).toBe(true)
    expect(open(breaker, 5_000)).toBe('ann')
  })

  it('one of a second caller opens it, and a probe of a third decides', () => {
    for (const isBack of [true, false]) {
      const breaker = new CircuitBreaker()
      fail(breaker, 'ann', 5)
      fail(breaker, 'bob')
      expect(breaker.state(0)).toBe('open')
      expect(open(breaker)).toBe('ann,bob')
      const probe = breaker.acquire(0, 'cat')
      expect(probe.isProbe).toBe(true)
      expect(open(breaker)).toBe('ann,bob,cat')
      if (isBack) probe.answered()
      else probe.failed(0, 'caller')
      expect(open(breaker)).toBe(isBack ? '' : 'ann,bob,cat')
      expect(open(breaker, 5_000)).toBe('')
    }
  })

  it('of two callers in turns opens it to both', () => {
    const breaker = new CircuitBreaker()
    for (const who of ['ann', 'bob', 'ann', 'bob', 'ann']) fail(breaker, who)
    expect(open(breaker)).toBe('ann,bob')
  })

  it('rests longer for a caller whose own probe fails', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 5)
    fail(breaker, 'ann', 1, 5_000)
    expect(open(breaker, 14_000)).toBe('ann')
    expect(open(breaker, 15_000)).toBe('')
  })

  it('half of many open it for the caller who had them', () => {
    const breaker = new CircuitBreaker()
    for (let time = 0; time < 10; time++) {
      fail(breaker, 'ann')
      const good = breaker.acquire(0, 'bob')
      good.answered()
      good.succeeded(0)
    }
    // The one that opens it has to be the last.
    fail(breaker, 'ann')
    expect(open(breaker)).toBe('ann')
  })
})

describe('a connection that is lost counts whoever asked', () => {
  it('so that one caller opens it to all', () => {
    const breaker = new CircuitBreaker()
    for (let time = 0; time < 5; time++) breaker.acquire(0, 'ann').failed(0)
    expect(open(breaker)).toBe('ann,bob,cat')
    expect(breaker.state(0)).toBe('open')
  })

  it('and closes it to all, where it comes to another than the one it is open to', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 5)
    breaker.acquire(0, 'bob').failed(0)
    expect(open(breaker)).toBe('ann')
    breaker.acquire(0, 'bob').failed(0)
    expect(open(breaker)).toBe('ann,bob,cat')
  })

  it('and one among answered failures is no reason to keep others out', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 4)
    breaker.acquire(0, 'ann').failed(0)
    expect(open(breaker)).toBe('ann')
  })
})

it('whatever a caller is answered, another is kept out only by failures that are not all of one', () => {
  const ending = fc.constantFrom('answered', 'failed', 'ignored')
  const step = fc.record({ ending, ms: fc.integer({ min: 0, max: 9_000 }), overlap: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const breaker = new CircuitBreaker()
      let now = 0
      const late: BreakerPermit[] = []
      for (const { ending, ms, overlap } of steps) {
        now += ms
        const pass = breaker.acquire(now, 'ann')
        if (overlap) late.push(pass)
        else if (ending === 'failed') pass.failed(now, 'caller')
        else pass[ending as 'answered' | 'ignored']()
        expect(breaker.allows(now, 'bob')).toBe(true)
      }
      for (const pass of late) pass.failed(now, 'caller')
      expect(breaker.allows(now, 'bob')).toBe(true)
    }),
  )
})
