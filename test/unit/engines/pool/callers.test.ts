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
    expect(breaker.retryIn(0, 'ann')).toBe(5_000)
    expect(breaker.retryIn(0, 'bob')).toBe(0)
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
    expect(open(breaker)).toBe('ann')
  })

  it('another is not kept waiting for a probe of the one who had them', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 5)
    expect(breaker.acquire(5_000, 'ann').isProbe).toBe(true)
    expect(open(breaker, 5_000)).toBe('ann')
  })

  it('however many callers work together', () => {
    const breaker = new CircuitBreaker()
    const league = ['ann', 'bob', ...Array.from({ length: 50 }, (_, at) => `key-${at}`)]
    for (const who of league) fail(breaker, who, 5)
    expect(open(breaker)).toBe('ann,bob')
    const slow = breaker.acquire(0, 'key-60')
    expect(open(breaker)).toBe('ann,bob')
    slow.failed(0, 'caller')
    expect(open(breaker)).toBe('ann,bob')
    expect(breaker.state(0)).toBe('half-open')
  })

  it('where two are kept from it, one keeps a third from it', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 5)
    fail(breaker, 'cat')
    expect(open(breaker)).toBe('ann')
    fail(breaker, 'bob', 5)
    fail(breaker, 'cat')
    expect(open(breaker)).toBe('ann,bob,cat')
  })

  it('and once one of three is answered, the others may look', () => {
    const breaker = new CircuitBreaker()
    for (const who of ['ann', 'bob']) fail(breaker, who, 5)
    breaker.acquire(1, 'cat').succeeded(1)
    expect(open(breaker, 1)).toBe('')
    expect(breaker.acquire(1, 'ann').isProbe).toBe(true)
    expect(open(breaker, 1)).toBe('ann')
    fail(breaker, 'bob', 1, 1)
    expect(open(breaker, 1)).toBe('ann,bob')
  })

  it('among answers to requests that were sent together is not one of many in a row', () => {
    const breaker = new CircuitBreaker()
    const passes = Array.from({ length: 12 }, () => breaker.acquire(0, 'ann'))
    for (const [at, pass] of passes.entries()) {
      if (at % 2 === 0) pass.failed(0, 'caller')
      else pass.succeeded(0)
    }
    expect(open(breaker)).toBe('')
  })

  it('of two callers in turns opens it to each for its own', () => {
    const breaker = new CircuitBreaker()
    for (let time = 0; time < 4; time++) for (const who of ['ann', 'bob']) fail(breaker, who)
    expect(open(breaker)).toBe('')
    fail(breaker, 'ann')
    expect(open(breaker)).toBe('ann')
  })

  it('forgets a caller whose failures are long ago', () => {
    const breaker = new CircuitBreaker()
    fail(breaker, 'ann', 4)
    breaker.acquire(40_000, 'ann').succeeded(40_000)
    fail(breaker, 'ann', 4, 40_000)
    expect(open(breaker, 40_000)).toBe('')
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

describe('an engine that cannot be reached', () => {
  it('is closed to all by the requests of one', () => {
    const breaker = new CircuitBreaker()
    for (let time = 0; time < 5; time++) breaker.acquire(0, 'ann').failed(0)
    expect(open(breaker)).toBe('ann,bob,cat')
    expect(breaker.state(0)).toBe('open')
  })

  it('is not, while it answers some with failures', () => {
    const breaker = new CircuitBreaker()
    for (let time = 0; time < 9; time++) {
      breaker.acquire(0, 'bob').failed(0)
      fail(breaker, 'ann')
    }
    expect(open(breaker)).toBe('ann')
  })
})

describe('a probe', () => {
  it('that takes long keeps others waiting for five seconds only', () => {
    const breaker = new CircuitBreaker()
    for (let time = 0; time < 5; time++) breaker.acquire(0, 'ann').failed(0)
    const slow = breaker.acquire(5_000, 'ann')
    expect(slow.isProbe).toBe(true)
    expect(open(breaker, 9_999)).toBe('ann,bob,cat')
    expect(breaker.retryIn(6_000, 'bob')).toBe(4_000)
    expect(open(breaker, 10_000)).toBe('')
    expect(breaker.acquire(10_000, 'bob').isProbe).toBe(true)
    slow.ignored()
    expect(open(breaker, 10_000)).toBe('ann,bob,cat')
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
