import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConcurrencyLimiter } from '../../../../src/engines/pool/concurrency-limiter.ts'
import type { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { guests, member, settled } from './guests.ts'

describe.each([
  ['where all share one clock', false],
  ['where requests are isolated', true],
])('the queue, %s', (_, isolated) => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Until each waiter that has got a slot or a refusal knows it: they look twice a second at least. */
  const wait = () => (isolated ? vi.advanceTimersByTimeAsync(600) : settled())
  /** Frees the slot of the one that was served last, so often. */
  const turns = async (served: string[], go: (name: string) => void, count: number) => {
    for (let turn = 0; turn < count; turn++) {
      const before = served.length
      go(served.at(-1) as string)
      await wait()
      expect(served).toHaveLength(before + 1)
    }
  }

  it('gives the place of the newest of who has the most to one with fewer, if it is full', async () => {
    const limiter = new ConcurrencyLimiter(4, isolated)
    const { served, come, go } = guests(limiter, [member('a', 1)])
    await come('x0')
    const refused: string[] = []
    const queue = (name: string) =>
      come(name).catch((error: ApiError) => refused.push(`${name}: ${error.message}`))
    for (const name of ['x1', 'x2', 'x3', 'x4']) void queue(name)
    await expect(come('x5')).rejects.toMatchObject({
      status: 503,
      code: 'engine_busy',
      message: expect.stringContaining('4 requests are waiting, 4 of them yours.'),
    })
    for (const name of ['y1', 'y2']) void queue(name)
    await wait()
    const displaced = 'of them yours, and another client with fewer took the place of your newest.'
    expect(refused.sort().reverse()).toEqual([
      expect.stringMatching(`^x4: .* 4 requests are waiting, 4 ${displaced}`),
      expect.stringMatching(`^x3: .* 4 requests are waiting, 3 ${displaced}`),
    ])
    // Each has two now: another one of either is refused itself, and displaces nobody.
    await expect(come('y3')).rejects.toMatchObject({ code: 'engine_busy' })
    await expect(come('x6')).rejects.toMatchObject({ code: 'engine_busy' })
    void queue('z1')
    await wait()
    expect(limiter.waiting).toBe(4)
    await turns(served, go, 4)
    expect(served).toHaveLength(5)
    expect(served).toContain('z1')
  })

  it('serves clients who wait before what runs in the background, which gets every eighth slot', async () => {
    const { served, come, go } = guests(new ConcurrencyLimiter(100, isolated), [member('a', 1)])
    await come('x0')
    for (const name of ['x1bg', 'y1bg']) void come(name)
    const clients = Array.from({ length: 16 }, (_, at) => `${at % 2 ? 'x' : 'z'}${at + 1}`)
    for (const name of clients) void come(name)
    await turns(served, go, 18)
    expect(served.indexOf('x1bg')).toBe(8)
    expect(served.indexOf('y1bg')).toBe(16)
    expect(served).toHaveLength(19)
  })

  it('has room for clients however much waits in the background, and refuses none of that', async () => {
    const limiter = new ConcurrencyLimiter(1, isolated)
    const { served, come, go } = guests(limiter, [member('a', 1)])
    await come('x0')
    for (const name of ['x1bg', 'x2bg', 'x3bg']) void come(name)
    void come('x4')
    await expect(come('x5')).rejects.toMatchObject({ code: 'engine_busy' })
    void come('x6bg')
    expect(limiter.waiting).toBe(5)
    await turns(served, go, 5)
    expect(served).toEqual(['x0', 'x4', 'x1bg', 'x2bg', 'x3bg', 'x6bg'])
  })
})

describe('where requests are isolated', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('tells one that gave up its place at its own next poll', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { come } = guests(new ConcurrencyLimiter(2, true), [member('a', 1)])
    await come('x0')
    let refused = 0
    for (const name of ['x1', 'x2']) void come(name).catch(() => refused++)
    void come('y1').catch(() => {})
    await settled()
    expect(refused).toBe(0)
    await vi.advanceTimersByTimeAsync(60)
    expect(refused).toBe(1)
  })
})
