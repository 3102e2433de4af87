import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { ask, broken, engines, exchange, failing, pool, silent } from './asking.ts'

const stale = () =>
  Promise.reject(new ApiError(502, 'stale', { code: 'upstream_unreachable', evidence: 'stale' }))

describe('an attempt that failed', () => {
  it('is stopped at its source, and only the one that answered goes on', async () => {
    const { answer, signals, of } = ask(pool(engines('a', 'b')), { a: failing })
    expect(await answer).toBe('b')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    of.cancel()
    expect(signals[1]?.aborted).toBe(true)
  })

  it('is given up when it is silent, even if it takes no notice of that', async () => {
    const { answer, signals, of } = ask(pool(engines('a', 'b')), { a: silent })
    expect(await answer).toBe('b')
    expect(signals[0]?.aborted).toBe(true)
    expect(of.failures).toEqual(['a attempt_timeout'])
  })

  it('is never given up for an engine that has no time itself', async () => {
    const given = engines('a', 'b').map((engine) => ({ ...engine, maxConcurrency: 1 }))
    const from = pool(given)
    const busy = ask(from, {})
    await busy.answer
    const { asked, of } = ask(from, { b: silent })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(asked).toEqual(['b'])
    expect(from.member(given[1] as Engine).running).toBe(1)
    of.cancel()
    expect(from.member(given[1] as Engine).running).toBe(0)
    busy.of.finish()
    expect(from.member(given[0] as Engine).running).toBe(0)
  })

  it('is not tried again for a client that has left meanwhile', async () => {
    const from = pool(engines('a'))
    const { answer, asked, of } = ask(from, { a: failing })
    await new Promise((resolve) => setTimeout(resolve, 20))
    of.cancel()
    await expect(answer).rejects.toThrow('the client left')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(asked).toEqual(['a'])
  })

  it('says nothing about an engine where sluice is at fault', async () => {
    const given = engines('a', 'b')
    const from = pool(given)
    const wrong = () => Promise.reject(new TypeError('oh'))
    for (let round = 0; round < 10; round++) {
      const { answer, asked } = ask(from, { a: wrong })
      await expect(answer).rejects.toThrow('oh')
      expect(asked).toEqual(['a'])
    }
    expect(from.member(given[0] as Engine).breaker.state(performance.now())).toBe('closed')
  })

  it('is not repeated by an engine that can only fail again', async () => {
    const [engine] = engines('a')
    const from = pool([{ ...(engine as Engine), isServer: false }])
    const { answer, asked } = ask(from, { a: failing })
    await expect(answer).rejects.toThrow('broken')
    expect(asked).toEqual(['a'])
  })

  it('on a stale connection is repeated at once and once, at the same engine, without the budget', async () => {
    const given = engines('a')
    const from = pool(given)
    for (let round = 0; round < 20; round++) {
      const answers = [stale, () => Promise.resolve('a')]
      const started = performance.now()
      const { answer, of } = ask(from, { a: () => (answers.shift() ?? stale)() })
      expect(await answer).toBe('a')
      expect(of.failures).toEqual(['a upstream_unreachable'])
      expect(performance.now() - started).toBeLessThan(90)
    }
    const { answer, asked } = ask(from, { a: stale })
    await expect(answer).rejects.toThrow('stale')
    expect(asked).toEqual(['a', 'a'])
    expect(from.member(given[0] as Engine).breaker.state(performance.now())).toBe('closed')
  })

  it('on a stale connection is not repeated without retries', async () => {
    const { answer, asked } = ask(pool(engines('a'), { retry: false }), { a: stale })
    await expect(answer).rejects.toThrow('stale')
    expect(asked).toEqual(['a'])
  })

  it('goes to three engines at most where each one did work', async () => {
    const all = { a: failing, b: failing, c: failing, d: failing }
    const { answer, asked } = ask(pool(engines('a', 'b', 'c', 'd')), all)
    await expect(answer).rejects.toThrow('broken')
    expect(asked).toEqual(['a', 'b', 'c'])
  })

  it('goes to every engine where none can be reached', async () => {
    const refused = () => Promise.reject(broken('upstream_unreachable'))
    const all = { a: refused, b: refused, c: refused }
    const { answer, asked } = ask(pool(engines('a', 'b', 'c', 'd')), all)
    expect(await answer).toBe('d')
    expect(asked).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('retries', () => {
  it('add a tenth at most, once a quiet server has had its few', async () => {
    // Every third request fails at the first engine: too rarely for its breaker to open.
    const from = pool(engines('a', 'b'))
    let attempts = 0
    for (let round = 0; round < 600; round++) {
      const fails = round % 3 === 0 ? failing : () => Promise.resolve('fine')
      const { answer, asked, of } = ask(from, { a: fails })
      await answer.then(
        () => of.finish(),
        (error) => of.fail(error),
      )
      attempts += asked.length
    }
    expect(attempts).toBeGreaterThan(605)
    expect(attempts).toBeLessThanOrEqual(660)
  })
})

it('takes turns between clients', async () => {
  const [engine] = engines('a')
  const from = pool([{ ...(engine as Engine), maxConcurrency: 1 }], { queue: 50 })
  const first = ask(from, {})
  await first.answer
  const order: string[] = []
  const come = (who: string) => {
    const of = exchange()
    of.caller = who
    const { answer } = ask(from, {}, of)
    return answer.then(() => {
      order.push(who)
      of.finish()
    })
  }
  const all = [...Array.from({ length: 20 }, () => come('busy')), come('shy'), come('calm')]
  await new Promise((resolve) => setTimeout(resolve, 5))
  first.of.finish()
  await Promise.all(all)
  expect(order.slice(0, 4)).toEqual(['busy', 'shy', 'calm', 'busy'])
})

describe('what is too long', () => {
  const long = () => Promise.reject(new ApiError(400, 'maximum context length is 4096 tokens'))

  it('goes from model to larger model, and its last refusal is told', async () => {
    const models = ['s', 'm', 'l'].map(
      (id) => ({ ...engines(id)[0], id }) as Engine & { id: string },
    )
    for (const engine of models) {
      engine.models = async () => [{ id: engine.id, object: 'model', created: 1, owned_by: '' }]
    }
    const from = pool(models, { contextFallback: { s: 'm', m: 'l' } })
    const of = exchange()
    const asked: (string | undefined)[] = []
    const answer = from.answer(of, 's', ({ model }) => {
      asked.push(model)
      return long()
    })
    await expect(answer).rejects.toThrow('maximum context length')
    expect(asked).toEqual(['s', 'm', 'l'])
  })
})
