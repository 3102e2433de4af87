import { describe, expect, it } from 'vitest'
import { readAll, textOf } from '../../../support/chunks.ts'
import { record, type Script } from '../../../support/mlc.ts'
import { create } from '../../../support/webllm.ts'

describe('the line', () => {
  it('is answered in order', async () => {
    const { ask, seen } = create({ tokenDelay: 1 })
    const order: number[] = []
    await Promise.all(
      [1, 2, 3].map(async (n) => {
        await readAll(await ask({ messages: [{ role: 'user', content: `number ${n}` }] }))
        order.push(n)
      }),
    )
    expect(order).toEqual([1, 2, 3])
    const inputs = seen.prompts.map((prompt) => (prompt as { input: string }).input)
    expect(inputs).toEqual(['number 1', 'number 2', 'number 3'])
  })

  it('is bounded, and says when to come again', async () => {
    const { ask } = create({ isEndless: true }, { queue: 2 })
    const leave = new AbortController()
    const running = await ask({}, leave.signal)
    const waiting = [ask({}, leave.signal), ask({}, leave.signal)]
    await expect(ask()).rejects.toMatchObject({
      status: 503,
      code: 'engine_busy',
      headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
    })
    leave.abort()
    await running.items.return?.()
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ])
  })
})

describe('a client that leaves', () => {
  /** Asks, leaves at the moment, and sees that the one behind is answered undisturbed. */
  async function leaveAnd(
    script: Partial<Script>,
    moment: (begun: Promise<unknown>) => Promise<unknown>,
  ) {
    const { ask, say, seen } = create(script)
    const leave = new AbortController()
    const begun = ask({}, leave.signal)
    const ended = begun.then(readAll).catch((error: unknown) => error)
    const behind = say()
    await moment(begun)
    leave.abort(new Error('left'))
    expect(await ended).toMatchObject({ message: 'left' })
    expect(textOf(await behind)).toBe('Water finds its way.')
    return seen
  }

  it('while the model is loaded takes nobody else with it', async () => {
    const seen = await leaveAnd({ loadDelay: 100 }, () => sleep(30))
    expect(seen.loads).toEqual([record.model_id])
  })

  it('while the prompt is read', async () => {
    await leaveAnd({ prefillDelay: 50 }, () => sleep(20))
  })

  it('between two tokens', async () => {
    const { ask, say, script, seen } = create({ isEndless: true, tokenDelay: 5 })
    const leave = new AbortController()
    const { items } = await ask({}, leave.signal)
    await items.next()
    await items.next()
    const pending = items.next()
    const leftAt = performance.now()
    leave.abort(new Error('left'))
    await expect(pending).rejects.toThrow('left')
    script.isEndless = false
    expect(textOf(await say())).toBe('Water finds its way.')
    expect(seen.stops).toBe(1)
    expect(seen.decoded).toBeLessThan(20)
    expect(performance.now() - leftAt).toBeLessThan(2_000)
  })

  it('in the line leaves the line', async () => {
    const { ask, say } = create({ tokenDelay: 5 })
    const running = say()
    await sleep(5)
    const leave = new AbortController()
    const waiting = ask({}, leave.signal)
    const behind = say()
    leave.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
    expect(textOf(await running)).toBe('Water finds its way.')
    expect(textOf(await behind)).toBe('Water finds its way.')
  })

  it('before it asks asks nothing', async () => {
    const { ask, seen } = create()
    await expect(ask({}, AbortSignal.abort(new Error('left')))).rejects.toThrow('left')
    expect(seen.loads).toEqual([])
  })

  it('alone stops the loading, and what was loaded is no obstacle', async () => {
    const { ask, say, seen, engine } = create({ loadDelay: 100 })
    const leave = new AbortController()
    const asking = ask({}, leave.signal)
    await sleep(30)
    leave.abort(new Error('left'))
    await expect(asking).rejects.toThrow('left')
    await sleep(100)
    expect(engine.loaded).toBeUndefined()
    expect(textOf(await say())).toBe('Water finds its way.')
    expect(seen.loads.length).toBe(2)
  })

  it('by `return` stops the model too', async () => {
    const { ask, say, script, seen } = create({ isEndless: true, tokenDelay: 1 })
    const { items } = await ask()
    await items.next()
    await items.return?.()
    script.isEndless = false
    await say()
    expect(seen.stops).toBe(1)
  })
})

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
