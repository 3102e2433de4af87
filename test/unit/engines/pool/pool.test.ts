import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import { Pool, type PoolOptions } from '../../../../src/engines/pool/pool.ts'
import { Catalog } from '../../../../src/engines/registry/catalog.ts'
import { createRouter } from '../../../../src/engines/registry/router.ts'
import { createStatic } from '../../../../src/engines/static/static.ts'
import {
  loadingRetryDelay,
  saysModelIsLoading,
} from '../../../../src/engines/upstream/model-loading.ts'
import { Exchange } from '../../../../src/stream/exchange.ts'
import { sharedTicker } from '../../../../src/stream/ticker.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

const limits = {
  answerTimeout: 60_000,
  firstTokenTimeout: 60_000,
  tokenTimeout: 60_000,
  clientTimeout: 60_000,
}

/** Engines that list `m`; what they answer is up to the attempt. */
function engines(...labels: string[]): Engine[] {
  return labels.map((label) => ({
    label,
    isServer: true,
    models: async () => [{ id: 'm', object: 'model', created: 1, owned_by: label }],
    chat: () => Promise.reject(new Error('no test asks for a chat')),
  }))
}

function pool(given: Engine[], options: Partial<PoolOptions> = {}) {
  const own = createStatic({ staticText: 'A text.', staticDelay: 0 })
  const catalog = new Catalog({ engines: given, static: own, isolateRequests: false })
  return new Pool({
    router: createRouter(catalog, undefined),
    ticker: sharedTicker(5),
    queue: 10,
    attemptTimeout: 30,
    contextFallback: {},
    retry: true,
    isolateRequests: false,
    ...options,
  })
}

function exchange(client = new AbortController()): Exchange {
  const made = new Exchange({
    client: client.signal,
    limits,
    ticker: sharedTicker(1_000),
    onEnd: () => {},
  })
  made.isStream = true
  return made
}

type Answers = Record<string, (signal: AbortSignal) => Promise<string>>

/** Asks for `m`, each engine answering as told, and records who was asked with which signal. */
function ask(from: Pool, answers: Answers, of = exchange()) {
  const asked: string[] = []
  const signals: AbortSignal[] = []
  const answer = from.answer(of, 'm', ({ engine }, signal) => {
    asked.push(engine.label)
    signals.push(signal)
    return answers[engine.label]?.(signal) ?? Promise.resolve(engine.label)
  })
  answer.catch(() => {})
  return { answer, asked, signals, of }
}

const broken = (code = 'upstream_error') => new ApiError(502, 'broken', { code })
const failing = () => Promise.reject(broken())
const silent = () => new Promise<string>(() => {})

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
    expect(of.attempts).toBe(3)
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
