import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ByteGate } from '../../../../src/state/redis/byte-gate.ts'
import { Departures } from '../../../../src/state/redis/departures.ts'

describe('a gate for bytes', () => {
  it('lets no more on their way than it may, in order, and all of them in the end', async () => {
    const gate = new ByteGate(100)
    const begun: number[] = []
    let onWay = 0
    let most = 0
    const sizes = [60, 50, 30, 300, 10, 100, 1, 99]
    const calls = sizes.map((bytes, at) =>
      gate.run(bytes, async () => {
        begun.push(at)
        onWay += Math.min(bytes, 100)
        most = Math.max(most, onWay)
        await new Promise((resolve) => setTimeout(resolve, 1))
        onWay -= Math.min(bytes, 100)
        return at
      }),
    )
    expect(await Promise.all(calls)).toEqual(sizes.map((_, at) => at))
    expect(begun).toEqual(sizes.map((_, at) => at))
    expect(most).toBe(100)
  })

  it('gives back what a call took that failed', async () => {
    const gate = new ByteGate(10)
    const failing = gate.run(10, () => Promise.reject(new Error('away')))
    const next = gate.run(10, async () => 'sent')
    await expect(failing).rejects.toThrow('away')
    expect(await next).toBe('sent')
  })
})

describe('departures', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('are at once after a pause, and together otherwise', async () => {
    const departures = new Departures(10)
    vi.advanceTimersByTime(100)
    expect(departures.wait()).toBeUndefined()
    vi.advanceTimersByTime(3)
    const left: string[] = []
    void departures.wait()?.then(() => left.push('a'))
    vi.advanceTimersByTime(5)
    void departures.wait()?.then(() => left.push('b'))
    await vi.advanceTimersByTimeAsync(1)
    expect(left).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(left).toEqual(['a', 'b'])
    void departures.wait()?.then(() => left.push('c'))
    await vi.advanceTimersByTimeAsync(9)
    expect(left).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(left).toHaveLength(3)
    await vi.advanceTimersByTimeAsync(10)
    expect(departures.wait()).toBeUndefined()
  })

  it('are all at once where nothing is to be gathered', () => {
    const departures = new Departures(0)
    for (let n = 0; n < 3; n++) expect(departures.wait()).toBeUndefined()
  })
})
