import { describe, expect, it } from 'vitest'
import { ImmediateParsing, LARGE_BODY, ParseQueue } from '../../../src/guard/parse-queue.ts'

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
    const order: string[] = []
    const neighbour = setInterval(() => setImmediate(() => order.push('other')), 1)
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        await queue.waitTurn(wish)
        work(40)
        order.push('body')
      }),
    )
    clearInterval(neighbour)
    const isAlone = order.every((each, at) => each !== 'body' || order[at - 1] !== 'body')
    expect(isAlone, order.join()).toBe(true)
    expect(order.filter((each) => each === 'body')).toHaveLength(8)
  })

  describe('in steps', () => {
    /** Steps of two milliseconds, each of which is told of. */
    function* steps(name: string, count: number, order: string[]) {
      for (let step = 0; step < count; step++) {
        work(2)
        order.push(name)
        yield
      }
      return name
    }

    it('leave time for other events, and none for another body', async () => {
      const queue = new ParseQueue()
      const order: string[] = []
      const neighbour = setInterval(() => order.push('.'), 1)
      const names = ['a', 'b', 'c']
      const parsed = names.map((name) => queue.inTurn(wish, steps(name, 8, order)))
      expect(await Promise.all(parsed)).toEqual(names)
      clearInterval(neighbour)
      const text = order.join('')
      expect(text).not.toMatch(/([abc])\1\1/)
      expect(text.replaceAll('.', '')).toMatch(/^(a{8}b{8}c{8})$/)
    })

    it('end at once when the client leaves, and let the next body begin', async () => {
      const queue = new ParseQueue()
      const order: string[] = []
      const control = new AbortController()
      const first = queue.inTurn({ ...wish, signal: control.signal }, steps('a', 1_000, order))
      const second = queue.inTurn(wish, steps('b', 1, order))
      setTimeout(() => control.abort(new Error('left')), 30)
      await expect(first).rejects.toThrow('left')
      expect(await second).toBe('b')
      expect(order.length).toBeLessThan(100)
    })

    it('that fail let the next body begin', async () => {
      const queue = new ParseQueue()
      const failing = (function* () {
        yield
        throw new SyntaxError('no')
      })()
      await expect(queue.inTurn(wish, failing)).rejects.toThrow('no')
      await queue.waitTurn(wish)
    })
  })

  it('of several clients take turns', async () => {
    const queue = new ParseQueue()
    const order: string[] = []
    const bodies = ['a', 'a', 'a', 'b', 'c'].map(async (who) => {
      await queue.waitTurn({ ...wish, who })
      order.push(who)
    })
    await Promise.all(bodies)
    expect(order.slice(0, 3).sort()).toEqual(['a', 'b', 'c'])
  })

  it('of a client that leaves are waited for by nobody', async () => {
    const queue = new ParseQueue()
    const control = new AbortController()
    const first = queue.waitTurn({ ...wish, signal: control.signal })
    const second = queue.waitTurn(wish)
    control.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    await second
  })

  it('wait no longer than they may, and no more of them than fit', async () => {
    const queue = new ParseQueue()
    const half = { ...wish, bytes: 128_000_000 }
    const held = [queue.waitTurn(half), queue.waitTurn(half)]
    await expect(queue.waitTurn(wish)).rejects.toMatchObject({
      status: 503,
      code: 'parse_queue_full',
      headers: { 'retry-after': '2' },
    })
    await Promise.all(held)
    await queue.waitTurn(wish)
    const slow = queue.waitTurn(wish)
    const late = queue.waitTurn({ ...wish, timeout: 5 }).catch((error: unknown) => error)
    work(60)
    await slow
    work(60)
    expect(await late).toMatchObject({ status: 503 })
  })

  describe('of two clients', () => {
    /** Queues bodies of a client; the outcome of each. */
    function queueing(queue: ParseQueue, who: string, count: number, bytes = 1_000) {
      const control = new AbortController()
      const outcomes: (string | undefined)[] = Array.from({ length: count })
      const all = outcomes.map((_, at) =>
        queue.waitTurn({ ...wish, who, bytes, signal: control.signal }).then(
          () => {
            outcomes[at] = 'parsed'
          },
          (error: { code?: string }) => {
            outcomes[at] = error.code ?? 'left'
          },
        ),
      )
      return { outcomes, all: Promise.all(all), leave: () => control.abort(new Error('left')) }
    }

    it('leave room for each other: the one that queues most gives way', async () => {
      const queue = new ParseQueue()
      const many = queueing(queue, 'a', 100)
      const few = queueing(queue, 'b', 3)
      await few.all
      expect(few.outcomes).toEqual(['parsed', 'parsed', 'parsed'])
      expect(many.outcomes.slice(97)).toEqual(Array(3).fill('parse_queue_full'))
      expect(many.outcomes.slice(0, 97)).not.toContain('parse_queue_full')
      many.leave()
      await many.all
      await queue.waitTurn(wish)
    })

    it('are refused what is beyond their share', async () => {
      const queue = new ParseQueue()
      const first = queueing(queue, 'a', 101)
      const second = queueing(queue, 'b', 60)
      await expect.poll(() => second.outcomes.filter(Boolean)).not.toHaveLength(0)
      expect(first.outcomes[100]).toBe('parse_queue_full')
      expect(second.outcomes.slice(50)).toEqual(Array(10).fill('parse_queue_full'))
      expect(second.outcomes.slice(0, 49)).not.toContain('parse_queue_full')
      for (const each of [first, second]) {
        each.leave()
        await each.all
      }
      await queue.waitTurn(wish)
    })

    it('are counted by their bytes too, and nothing is dropped for what does not fit', async () => {
      const queue = new ParseQueue()
      const large = queueing(queue, 'a', 4, 60_000_000)
      const tooLarge = queueing(queue, 'b', 1, 200_000_000)
      const small = queueing(queue, 'c', 1, 40_000_000)
      await Promise.all([large.all, tooLarge.all, small.all])
      expect(large.outcomes).toEqual(['parsed', 'parsed', 'parsed', 'parse_queue_full'])
      expect(tooLarge.outcomes).toEqual(['parse_queue_full'])
      expect(small.outcomes).toEqual(['parsed'])
    })
  })
})

describe('bodies parsed at once', () => {
  it('are no large one together, however long they take', () => {
    const direct = new ImmediateParsing()
    for (let count = 0; count < 2; count++) {
      expect(direct.tryBegin(LARGE_BODY / 2 - 1)).toBe(true)
      work(30)
      direct.end(LARGE_BODY / 2 - 1)
    }
    expect(direct.tryBegin(LARGE_BODY / 2 - 1)).toBe(false)
    expect(direct.tryBegin(1_000)).toBe(true)
    work(30)
    expect(direct.tryBegin(LARGE_BODY / 2 - 1)).toBe(true)
  })

  it('are never large', () => {
    expect(new ImmediateParsing().tryBegin(LARGE_BODY)).toBe(false)
    expect(new ImmediateParsing().tryBegin(LARGE_BODY - 1)).toBe(true)
  })
})
