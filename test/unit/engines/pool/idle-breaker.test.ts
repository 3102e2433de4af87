import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConcurrencyLimiter } from '../../../../src/engines/pool/concurrency-limiter.ts'
import type { Slot } from '../../../../src/engines/pool/slot.ts'
import { member, never } from './guests.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe.each([
  ['where all share one clock', false],
  ['where requests are isolated', true],
])('a waiter, %s', (_, isolated) => {
  it('gets the slot of an idle engine as soon as its circuit breaker allows a request', async () => {
    const [broken, busy] = [member('broken', 1), member('busy', 1)]
    const limiter = new ConcurrencyLimiter(10, isolated)
    const ask = (members: (typeof busy)[]) =>
      limiter.acquire({ caller: 'ann', members, isForced: false, signal: never })
    for (let time = 0; time < 5; time++) {
      const slot = ask([broken]) as Slot
      slot.permit.failed(performance.now())
      slot.free()
    }
    expect(() => ask([broken])).toThrow('circuit breaker')
    const held = ask([busy]) as Slot
    let served: string | undefined
    const waiting = Promise.resolve(ask([broken, busy])).then((slot) => {
      served = slot.member.engine.label
      slot.free()
    })
    await vi.advanceTimersByTimeAsync(4_000)
    expect(served).toBeUndefined()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(served).toBe('broken')
    held.free()
    await waiting
  })
})
