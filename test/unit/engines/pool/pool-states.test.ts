import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import {
  loadingRetryDelay,
  saysModelIsLoading,
} from '../../../../src/engines/upstream/model-loading.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { ask, broken, engines, failing, pool, silent } from './asking.ts'

describe('an engine that failed too often', () => {
  const refused = () => Promise.reject(broken('upstream_unreachable'))

  it('is asked by one request at a time once it has rested, and by all when it is back', async () => {
    const given = engines('a', 'b')
    const from = pool(given)
    for (let round = 0; round < 5; round++) await ask(from, { a: refused }).answer
    const { breaker } = from.member(given[0] as Engine)
    expect(breaker.state(performance.now())).toBe('open')
    expect(await ask(from, { a: () => Promise.resolve('a') }).answer).toBe('b')
    breaker.allowProbe(performance.now())
    const gate = Promise.withResolvers<string>()
    const probe = ask(from, { a: () => gate.promise })
    const others = [ask(from, {}), ask(from, {}), ask(from, {})]
    for (const other of others) expect(await other.answer).toBe('b')
    expect(probe.asked).toEqual(['a'])
    gate.resolve('a')
    expect(await probe.answer).toBe('a')
    expect(breaker.state(performance.now())).toBe('closed')
    expect(await ask(from, {}).answer).toBe('a')
  })

  it('is asked by another where the probe was cancelled', async () => {
    const given = engines('a', 'b')
    // On a busy machine the probe would otherwise be given up before it is cancelled.
    const from = pool(given, { attemptTimeout: 60_000 })
    for (let round = 0; round < 5; round++) await ask(from, { a: refused }).answer
    from.member(given[0] as Engine).breaker.allowProbe(performance.now())
    const probe = ask(from, { a: silent })
    await new Promise((resolve) => setTimeout(resolve, 5))
    probe.of.cancel()
    expect(await ask(from, {}).answer).toBe('a')
  })

  it('is asked all the same where nothing else serves the model: its own answer says most', async () => {
    const from = pool(engines('a'))
    for (let round = 0; round < 12; round++) {
      const { answer } = ask(from, { a: failing })
      await expect(answer).rejects.toThrow('broken')
    }
    expect(await ask(from, {}).answer).toBe('a')
  }, 15_000)

  it('counts streams that break after their first chunk', async () => {
    const given = engines('a', 'b')
    const from = pool(given)
    for (let round = 0; round < 30; round++) {
      const { answer, asked, of } = ask(from, {})
      await answer
      if (asked[0] === 'a') of.fail(broken('upstream_truncated'))
      else of.finish()
    }
    expect(from.member(given[0] as Engine).breaker.state(performance.now())).toBe('open')
  })

  it('is not one that is stopped, or whose clients leave', async () => {
    const given = engines('a')
    const from = pool(given)
    for (let round = 0; round < 30; round++) {
      const { answer, of } = ask(from, {})
      await answer
      if (round % 2) of.cancel()
      else of.fail(new ApiError(503, 'bye', { code: 'shutting_down' }))
    }
    expect(from.member(given[0] as Engine).breaker.state(performance.now())).toBe('closed')
  })
})

describe('an engine that loads its model', () => {
  const loading = () =>
    Promise.reject(new ApiError(503, 'Loading model', { code: 'model_loading' }))

  it('is asked again until it has, for as long as an answer may take', async () => {
    let rounds = 0
    const from = pool(engines('a'))
    const { answer, asked, of } = ask(from, {
      a: () => (++rounds < 3 ? loading() : Promise.resolve('loaded')),
    })
    expect(await answer).toBe('loaded')
    expect(asked).toHaveLength(3)
    expect(of.failures).toEqual(['a model_loading'])
    expect(of.timeline.attempts.length).toBe(3)
  })

  it('is not waited for where another has it, or where nothing is tried again', async () => {
    const { answer, asked } = ask(pool(engines('a', 'b')), { a: loading })
    expect(await answer).toBe('b')
    expect(asked).toEqual(['a', 'b'])
    const once = ask(pool(engines('a'), { retry: false }), { a: loading })
    await expect(once.answer).rejects.toMatchObject({
      ...{ status: 503, code: 'model_loading', headers: { 'retry-after': '5' } },
    })
    expect(once.asked).toEqual(['a'])
  })

  it('is left by a client that leaves, and blamed for nothing', async () => {
    const given = engines('a')
    const from = pool(given)
    for (let round = 0; round < 6; round++) {
      const { answer, of } = ask(from, { a: loading })
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(from.member(given[0] as Engine).running).toBe(0)
      of.cancel()
      await expect(answer).rejects.toThrow('the client left')
    }
    expect(from.member(given[0] as Engine).breaker.state(performance.now())).toBe('closed')
  })

  it.each<[boolean, number, string]>([
    [true, 503, 'Loading model'],
    [true, 503, 'Model org/m is currently loading'],
    [false, 500, 'Loading model'],
    [false, 503, 'Error loading model: no such file'],
    [false, 503, 'Loading model failed'],
    [false, 503, 'The server is overloading'],
  ])('is told by its words: %s for %i %s', (is, status, message) => {
    expect(saysModelIsLoading(status, message)).toBe(is)
  })

  it.each([
    [0, undefined, 10_000, 250],
    [3, undefined, 10_000, 2_000],
    [60, undefined, 10_000, 5_000],
    [0, 2_000, 10_000, 2_000],
    [0, 0, 10_000, 250],
    [0, 60_000, 10_000, 5_000],
    [4, undefined, 4_000, undefined],
  ])('%i: told %s with %d ms left, it is asked after %s ms', (count, told, left, rest) => {
    expect(loadingRetryDelay(count, told, left)).toBe(rest)
  })
})
