import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import { CircuitBreaker } from '../../../../src/engines/pool/circuit-breaker.ts'
import { ConcurrencyLimiter } from '../../../../src/engines/pool/concurrency-limiter.ts'
import { PoolMember } from '../../../../src/engines/pool/member.ts'
import { PollSchedule } from '../../../../src/engines/pool/poll-schedule.ts'

const never = new AbortController().signal

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Milliseconds of fake time until all have had a slot for `ms` each, and the looks for slots. */
async function serveAll(callers: string[], concurrency: number, ms: number) {
  const member = new PoolMember(
    { label: 'a', maxConcurrency: concurrency } as Engine,
    new CircuitBreaker(),
  )
  const limiter = new ConcurrencyLimiter(callers.length, true)
  const nexts = vi.spyOn(PollSchedule.prototype, 'next')
  const begun = performance.now()
  const served: string[] = []
  let took = 0
  const each = callers.map(async (caller) => {
    const wish = { caller, members: [member], isForced: false, signal: never }
    const slot = await limiter.acquire(wish)
    served.push(caller)
    await new Promise((resolve) => setTimeout(resolve, ms))
    slot.free()
    took = performance.now() - begun
  })
  while (served.length < callers.length || member.running > 0) await vi.advanceTimersByTimeAsync(10)
  await Promise.all(each)
  const looks = nexts.mock.calls.length
  nexts.mockRestore()
  return { took, served, looks }
}

describe('where no request may wake another', () => {
  it.each([
    [100, 4, 10, 20],
    [1_000, 4, 10, 30],
    [100, 1, 200, 80],
  ])('%i that wait for %i slots of %i ms need few looks', async (count, slots, ms, most) => {
    const { took, looks } = await serveAll(Array(count).fill('x'), slots, ms)
    const ideal = (count / slots) * ms
    expect(took / ideal).toBeLessThan(1.8)
    expect(looks / count).toBeLessThan(most)
  })

  it('callers take turns, whether they have many requests or one', async () => {
    const callers = [...Array<string>(200).fill('many'), 'one', 'two', ...Array(30).fill('some')]
    const { served, took } = await serveAll(callers, 1, 50)
    expect(served.indexOf('one')).toBeLessThan(5)
    expect(served.indexOf('two')).toBeLessThan(5)
    expect(served.lastIndexOf('some')).toBeLessThan(66)
    expect(took / (callers.length * 50)).toBeLessThan(1.3)
  })

  it('many callers with one request each need no more looks than one with as many', async () => {
    const callers = Array.from({ length: 500 }, (_, at) => `caller ${at}`)
    const { took, looks } = await serveAll(callers, 4, 10)
    expect(took).toBeLessThan(1_250 * 1.8)
    expect(looks / callers.length).toBeLessThan(40)
  })

  it('a slot is found within half a second when the queue suddenly moves fast', async () => {
    const member = new PoolMember(
      { label: 'a', maxConcurrency: 10 } as Engine,
      new CircuitBreaker(),
    )
    const limiter = new ConcurrencyLimiter(100, true)
    const wish = { caller: '', members: [member], isForced: false, signal: never }
    const held = await Promise.all(Array.from({ length: 10 }, () => limiter.acquire(wish)))
    let served = 0
    for (let count = 0; count < 50; count++) {
      void Promise.resolve(limiter.acquire(wish)).then((slot) => {
        served++
        slot.free()
      })
    }
    await vi.advanceTimersByTimeAsync(60_000)
    expect(served).toBe(0)
    for (const slot of held) slot.free()
    await vi.advanceTimersByTimeAsync(2_600)
    expect(served).toBe(50)
  })
})
