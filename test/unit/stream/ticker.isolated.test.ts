import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sharedTicker } from '../../../src/stream/ticker.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** When each of so many streams was called. */
function watch(ticker: ReturnType<typeof sharedTicker>, count: number) {
  const calls: number[][] = Array.from({ length: count }, () => [])
  const stops = calls.map((own) => ticker.add((now) => void own.push(now)))
  return { calls, stops }
}

describe('one timer of all streams', () => {
  it.each([1, 64, 1_000, 10_000])('calls each of %d once in an interval', (count) => {
    const { calls } = watch(sharedTicker(1_000), count)
    vi.advanceTimersByTime(10_000)
    for (const own of calls) {
      expect(own.length).toBeGreaterThanOrEqual(9)
      expect(own.length).toBeLessThanOrEqual(10)
    }
  })

  it('never calls ten thousand in one turn', () => {
    const turns = new Map<number, number>()
    const ticker = sharedTicker(1_000)
    for (let count = 0; count < 10_000; count++)
      ticker.add((now) => void turns.set(now, (turns.get(now) ?? 0) + 1))
    vi.advanceTimersByTime(3_000)
    expect(Math.max(...turns.values())).toBeLessThan(10_000 / 25)
  })

  it('wakes once in an interval for a few streams, and never for none', () => {
    const ticker = sharedTicker(1_000)
    const { stops } = watch(ticker, 20)
    const startedAt = performance.now()
    for (let woken = 1; woken <= 10; woken++) {
      vi.advanceTimersToNextTimer()
      expect(performance.now() - startedAt).toBe(1_000 * woken)
    }
    for (const stop of stops) stop()
    vi.advanceTimersByTime(2_000)
    expect(vi.getTimerCount()).toBe(0)
    const { calls } = watch(ticker, 1)
    vi.advanceTimersByTime(1_000)
    expect(calls[0]).toHaveLength(1)
  })

  it('goes on after one of them has thrown', () => {
    const ticker = sharedTicker(1_000)
    const stop = ticker.add(() => {
      throw new Error('oh')
    })
    const { calls } = watch(ticker, 1)
    expect(() => vi.advanceTimersByTime(1_000)).toThrow('oh')
    stop()
    vi.advanceTimersByTime(1_000)
    expect(calls[0]).toHaveLength(1)
  })

  it('divides no interval that is short', () => {
    const { calls } = watch(sharedTicker(20), 1_000)
    vi.advanceTimersByTime(20)
    expect(calls.filter(({ length }) => length === 1)).toHaveLength(1_000)
  })

  it('lets no stream wait longer than its interval, whatever comes and goes', () => {
    const change = fc.record({
      after: fc.integer({ min: 0, max: 700 }),
      count: fc.integer({ min: -300, max: 300 }),
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const ticker = sharedTicker(1_000)
        const streams: { seen: number; stop: () => void }[] = []
        let longest = 0
        for (const { after, count } of [...changes, { after: 2_500, count: -10_000 }]) {
          vi.advanceTimersByTime(after)
          const now = performance.now()
          for (const { seen } of streams) longest = Math.max(longest, now - seen)
          for (let added = 0; added < count; added++) {
            const stream = { seen: now, stop: () => {} }
            stream.stop = ticker.add((at) => {
              longest = Math.max(longest, at - stream.seen)
              stream.seen = at
              return undefined
            })
            streams.push(stream)
          }
          for (const { stop } of streams.splice(0, Math.max(0, -count))) stop()
        }
        vi.advanceTimersByTime(2_000)
        expect(vi.getTimerCount()).toBe(0)
        expect(longest).toBeLessThanOrEqual(1_000 + 2)
      }),
      { numRuns: 50 },
    )
  })

  it('goes on for all others where one throws', () => {
    const ticker = sharedTicker(1_000)
    const { calls } = watch(ticker, 200)
    const stop = ticker.add(() => {
      throw new Error('broken')
    })
    const failures: unknown[] = []
    for (let at = 0; at < 6_000; at += 10) {
      try {
        vi.advanceTimersByTime(10)
      } catch (error) {
        failures.push(error)
      }
      if (at === 3_000) stop()
    }
    expect(failures.length).toBeGreaterThan(0)
    for (const own of calls) expect(own.length).toBeGreaterThanOrEqual(5)
  })
})
