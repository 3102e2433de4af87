import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConcurrencyLimiter } from '../../../../src/engines/pool/concurrency-limiter.ts'
import type { PoolMember } from '../../../../src/engines/pool/member.ts'
import type { Slot } from '../../../../src/engines/pool/slot.ts'
import { guests, member, never, settled } from './guests.ts'

describe('a slot', () => {
  it('is at the engine with the least to do for its size; equals keep their order', () => {
    const members = [member('small', 1), member('big', 4), member('other', 4)]
    const limiter = new ConcurrencyLimiter(10, false)
    const wish = { caller: '', members, isForced: false, signal: never }
    const labels = Array.from({ length: 9 }, () => {
      return (limiter.acquire(wish) as Slot).member.engine.label
    })
    expect(labels).toEqual([
      'small',
      'big',
      'other',
      'big',
      'other',
      'big',
      'other',
      'big',
      'other',
    ])
    expect(limiter.acquire(wish)).toBeInstanceOf(Promise)
  })

  it('is rather at one that could be asked for its models, and did not ask to be left alone', () => {
    const members = [member('down'), member('resting'), member('fine')]
    members[0]?.setDown(true, 0)
    if (members[1]) members[1].backoffUntil = Number.POSITIVE_INFINITY
    const limiter = new ConcurrencyLimiter(10, false)
    const take = (some: PoolMember[]) =>
      (limiter.acquire({ caller: '', members: some, isForced: false, signal: never }) as Slot)
        .member.engine.label
    for (let count = 0; count < 20; count++) expect(take(members)).toBe('fine')
    expect(take(members.slice(0, 2))).toBe('resting')
    expect(take(members.slice(0, 1))).toBe('down')
  })
})

describe.each([
  ['where all share one clock', false],
  ['where requests are isolated', true],
])('the line, %s', (_, isolated) => {
  const wait = () => (isolated ? new Promise((resolve) => setTimeout(resolve, 120)) : settled())

  it('goes round between clients, so that a busy one starves nobody', async () => {
    const { served, come, go } = guests(new ConcurrencyLimiter(100, isolated), [member('a', 1)])
    await come('x0')
    for (const name of ['x1', 'x2', 'x3', 'y1', 'y2', 'z1']) void come(name)
    for (let turn = 0; turn < 7; turn++) {
      go(served.at(-1) as string)
      await wait()
    }
    expect(served).toEqual(['x0', 'x1', 'y1', 'z1', 'x2', 'y2', 'x3'])
  })

  it('is left at once by caller hangs up', async () => {
    const limiter = new ConcurrencyLimiter(1, isolated)
    const { served, come, go } = guests(limiter, [member('a', 1)])
    await come('x')
    const leave = new AbortController()
    const left = come('y', leave.signal)
    expect(limiter.waiting).toBe(1)
    leave.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    expect(limiter.waiting).toBe(0)
    void come('z')
    go('x')
    await wait()
    expect(served).toEqual(['x', 'z'])
  })

  it('is served by whichever engine has time first', async () => {
    const [a, b] = [member('a', 1), member('b', 1)]
    const { served, come, go, held } = guests(new ConcurrencyLimiter(10, isolated), [a, b])
    await come('x')
    await come('y')
    void come('z')
    go('y')
    await wait()
    expect(served).toEqual(['x', 'y', 'z'])
    expect(held.get('z')?.member).toBe(b)
  })

  it('holds nobody for engines that are left alone by then', async () => {
    const a = member('a', 1)
    const b = member('b', 1)
    for (let count = 0; count < 5; count++) b.breaker.acquire(0).failed(performance.now())
    const { come, go } = guests(new ConcurrencyLimiter(10, isolated), [a, b])
    await come('x')
    const waiting = come('y')
    waiting.catch(() => {})
    for (let count = 0; count < 5; count++) a.breaker.acquire(0).failed(performance.now())
    go('x')
    await expect(waiting).rejects.toMatchObject({ status: 503, code: 'engine_resting' })
  })
})

describe('a line that is full', () => {
  it('is refused with how long it takes, from how long turns took and how many run at once', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const a = member('a', 2)
    const { come, go } = guests(new ConcurrencyLimiter(2, false), [a])
    await come('x')
    vi.advanceTimersByTime(10_000)
    go('x')
    for (const name of ['x1', 'x2']) await come(name)
    for (const name of ['x3', 'x4']) void come(name)
    // Three are to be served before the slot is free, two at a time, 10 s each.
    await expect(come('x5')).rejects.toMatchObject({
      status: 503,
      code: 'engine_busy',
      headers: { 'retry-after': '15' },
    })
  })

  it('is so only for those caller wait for the same engine', async () => {
    const limiter = new ConcurrencyLimiter(1, false)
    const one = guests(limiter, [member('a', 1)])
    const other = guests(limiter, [member('b', 1)])
    await one.come('x')
    void one.come('x1')
    await expect(one.come('x2')).rejects.toMatchObject({ code: 'engine_busy' })
    await other.come('x')
    void other.come('x1')
    expect(limiter.waiting).toBe(2)
  })

  afterEach(() => {
    vi.useRealTimers()
  })
})

describe('where requests are isolated', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('takes back the slot of one that vanished without a word', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
    const a = member('a', 1)
    const limiter = new ConcurrencyLimiter(10, true)
    const { served, come } = guests(limiter, [a])
    await come('x')
    // Its timers are gone with it, as workerd does when a request's context ends.
    vi.clearAllTimers()
    void come('y')
    await vi.advanceTimersByTimeAsync(14_000)
    expect(served).toEqual(['x'])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(served).toEqual(['x', 'y'])
    expect(a.running).toBe(1)
  })

  it('forgets the load of what vanished', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
    const [a, b] = [member('a'), member('b')]
    const { come } = guests(new ConcurrencyLimiter(10, true), [a, b])
    for (const name of ['x', 'y', 'z']) await come(name)
    vi.clearAllTimers()
    await vi.advanceTimersByTimeAsync(16_000)
    await come('w')
    expect([a.running, b.running]).toEqual([1, 0])
  })

  it('leaves the timer of one that only seemed to have vanished to its own request', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
    const a = member('a', 1)
    const { served, come, go } = guests(new ConcurrencyLimiter(10, true), [a])
    await come('x')
    vi.clearAllTimers()
    void come('y')
    await vi.advanceTimersByTimeAsync(16_000)
    expect(served).toEqual(['x', 'y'])
    // It was there after all: its slot is not ended twice.
    go('x')
    expect(a.running).toBe(1)
    go('y')
    expect(a.running).toBe(0)
  })

  it('takes no slot from one that works for long', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
    const { served, come } = guests(new ConcurrencyLimiter(10, true), [member('a', 1)])
    await come('x')
    void come('y')
    await vi.advanceTimersByTimeAsync(600_000)
    expect(served).toEqual(['x'])
  })

  it('nobody wakes another: caller is granted a slot finds it by himself', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { served, come, go } = guests(new ConcurrencyLimiter(10, true), [member('a', 1)])
    await come('x')
    void come('y')
    go('x')
    await settled()
    expect(served).toEqual(['x'])
    await vi.advanceTimersByTimeAsync(60)
    expect(served).toEqual(['x', 'y'])
  })
})
