import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConcurrencyLimiter } from '../../../../src/engines/pool/concurrency-limiter.ts'
import type { PoolMember } from '../../../../src/engines/pool/member.ts'
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

/** Opens the circuit breaker of an engine by failures that count for every caller. */
function breakNow({ breaker }: { breaker: PoolMember['breaker'] }, times = 5): void {
  for (let time = 0; time < times; time++)
    breaker.acquire(performance.now()).failed(performance.now())
}

it('a waiter that leaves with the slot of a probe lets another probe', async () => {
  const [broken, busy] = [member('broken', 1), member('busy', 1)]
  const limiter = new ConcurrencyLimiter(10, true)
  const client = new AbortController()
  const held = limiter.acquire({ ...asking([busy]), signal: never }) as Slot
  breakNow(broken)
  const waiting = Promise.resolve(
    limiter.acquire({ ...asking([broken, busy]), signal: client.signal }),
  )
  waiting.catch(() => {})
  broken.breaker.allowProbe(performance.now())
  limiter.assignFreeSlots(broken, performance.now())
  client.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  expect(broken.running).toBe(0)
  expect(broken.breaker.allows(performance.now(), 'bob')).toBe(true)
  held.free()
})

it('a waiter whose engine allows a request sooner than that of another is not kept waiting by it', async () => {
  const [c, d, a, b] = ['c', 'd', 'a', 'b'].map((label) => member(label, 1)) as PoolMember[]
  if (!a || !b || !c || !d) return
  const limiter = new ConcurrencyLimiter(10, false)
  const held = [c, a].map((each) => limiter.acquire({ ...asking([each]), signal: never }) as Slot)
  breakNow(d)
  await vi.advanceTimersByTimeAsync(5_000)
  // Its probe fails, so that it rests for longer.
  breakNow(d, 1)
  const first = Promise.resolve(limiter.acquire({ ...asking([c, d]), signal: never }))
  breakNow(b)
  let served = false
  const second = Promise.resolve(limiter.acquire({ ...asking([a, b]), signal: never })).then(
    (slot) => {
      served = true
      slot.free()
    },
  )
  await vi.advanceTimersByTimeAsync(5_100)
  expect(served).toBe(true)
  for (const slot of held) slot.free()
  ;(await first).free()
  await second
})

function asking(members: PoolMember[]) {
  return { caller: 'ann', members, isForced: false }
}
