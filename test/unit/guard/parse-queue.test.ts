import { describe, expect, it } from 'vitest'
import { ParseQueue } from '../../../src/guard/parse-queue.ts'

const never = new AbortController().signal
const wish = { bytes: 1_000, who: '', signal: never, timeout: 5_000 }

/** Keeps the event loop busy, as parsing does. */
function work(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('large bodies', () => {
  it('are parsed one by one, and other events run between two of them', async () => {
    const queue = new ParseQueue()
    let last = performance.now()
    let longest = 0
    const neighbour = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 1)
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        await queue.take(wish)
        work(40)
      }),
    )
    clearInterval(neighbour)
    expect(longest).toBeLessThan(200)
  })

  it('of several clients take turns', async () => {
    const queue = new ParseQueue()
    const order: string[] = []
    const bodies = ['a', 'a', 'a', 'b', 'c'].map(async (who) => {
      await queue.take({ ...wish, who })
      order.push(who)
    })
    await Promise.all(bodies)
    expect(order.slice(0, 3).sort()).toEqual(['a', 'b', 'c'])
  })

  it('of a client that leaves are waited for by nobody', async () => {
    const queue = new ParseQueue()
    const control = new AbortController()
    const first = queue.take({ ...wish, signal: control.signal })
    const second = queue.take(wish)
    control.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    await second
  })

  it('wait no longer than they may, and no more of them than fit', async () => {
    const queue = new ParseQueue()
    const half = { ...wish, bytes: 128_000_000 }
    const held = [queue.take(half), queue.take(half)]
    await expect(queue.take(wish)).rejects.toMatchObject({
      status: 503,
      code: 'parse_queue_full',
      headers: { 'retry-after': '2' },
    })
    await Promise.all(held)
    await queue.take(wish)
    const slow = queue.take(wish)
    const late = queue.take({ ...wish, timeout: 5 }).catch((error: unknown) => error)
    work(60)
    await slow
    work(60)
    expect(await late).toMatchObject({ status: 503 })
  })
})
