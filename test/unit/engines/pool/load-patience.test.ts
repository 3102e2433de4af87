import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Engine, LoadState } from '../../../../src/engines/engine.ts'
import type { Slot } from '../../../../src/engines/pool/slot.ts'
import type { StreamLimits } from '../../../../src/stream/deadlines.ts'
import { Exchange } from '../../../../src/stream/exchange.ts'
import { sharedTicker } from '../../../../src/stream/ticker.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { ask, engines, exchange, pool, silent } from './asking.ts'

/** Engines of which each says whether it has `m` loaded. */
function holding(states: Record<string, boolean | undefined>): Engine[] {
  return engines(...Object.keys(states)).map((engine) => ({
    ...engine,
    async models(...asked) {
      const loaded = states[engine.label]
      return (await engine.models(...asked)).map((model) => ({
        ...model,
        ...(loaded !== undefined && { loaded }),
      }))
    },
  }))
}

const loading = () => Promise.reject(new ApiError(503, 'Loading model', { code: 'model_loading' }))

const hasLease = ({ slot }: Exchange) => (slot as Slot | undefined)?.stopLease !== undefined

/** An exchange whose timeouts are looked at every 10 ms. */
function watched(limits: Partial<StreamLimits> = {}): Exchange {
  const made = new Exchange({
    client: new AbortController().signal,
    limits: {
      ...{ answerTimeout: 1_300, firstTokenTimeout: 1_300 },
      ...{ tokenTimeout: 1_300, clientTimeout: 1_300 },
      ...limits,
    },
    ticker: sharedTicker(10),
    onEnd: () => {},
  })
  made.isStream = true
  return made
}

describe.concurrent('of several engines', () => {
  it('the one that has the model loaded is asked, however busy it is', async () => {
    const from = pool(holding({ cold: false, warm: true }))
    for (let round = 0; round < 3; round++) {
      const { answer } = ask(from, {}, exchange())
      expect(await answer).toBe('warm')
    }
  })

  it('one that does not say counts as one that has it', async () => {
    const from = pool(holding({ cold: false, silent: undefined }))
    expect(await ask(from, {}).answer).toBe('silent')
  })

  it('the slot has a lease where requests are isolated, since its load is compared', async () => {
    const options = { isolateRequests: true }
    const { answer, of } = ask(pool(holding({ cold: false, warm: true }), options), {})
    expect(await answer).toBe('warm')
    expect(hasLease(of)).toBe(true)
    of.finish()
    const alone = ask(pool(holding({ warm: true }), options), {})
    expect(await alone.answer).toBe('warm')
    expect(hasLease(alone.of)).toBe(false)
    alone.of.finish()
  })

  it('another one loads it where that one has no free slot', async () => {
    const given = holding({ cold: false, warm: true })
    const from = pool(given.map((engine) => ({ ...engine, maxConcurrency: 1 })))
    const first = ask(from, {})
    expect(await first.answer).toBe('warm')
    expect(await ask(from, {}).answer).toBe('cold')
    first.of.finish()
    expect(await ask(from, {}).answer).toBe('warm')
  })

  it('another one loads it where that one fails', async () => {
    const from = pool(holding({ cold: false, warm: true }))
    const broken = () => Promise.reject(new ApiError(502, 'broken', { code: 'upstream_error' }))
    const { answer, asked } = ask(from, { warm: broken })
    expect(await answer).toBe('cold')
    expect(asked).toEqual(['warm', 'cold'])
  })

  it('none is asked to load what another one is loading', async () => {
    let rounds = 0
    const from = pool(holding({ a: false, b: false }))
    const { answer, asked } = ask(from, {
      a: () => (++rounds < 3 ? loading() : Promise.resolve('loaded')),
    })
    expect(await answer).toBe('loaded')
    expect(asked).toEqual(['a', 'a', 'a'])
  })
})

describe.concurrent('a load in progress', () => {
  const telling = (engine: Engine, state: () => LoadState | undefined): Engine => ({
    ...engine,
    loadState: state,
  })

  it('is longer than an answer may take, and is shown', async () => {
    let state: LoadState = { kind: 'loading', done: 0.429 }
    const [engine] = engines('a') as [Engine]
    const from = pool([telling(engine, () => state)])
    const loaded = Promise.withResolvers<string>()
    const { answer, of } = ask(from, { a: () => loaded.promise }, watched())
    await sleep(2_000)
    expect(of.outcome).toBeUndefined()
    expect(of.progress).toBe('loading m 42 %')
    state = { kind: 'loaded' }
    await sleep(100)
    expect([of.progress, of.isLoading, of.watchLoad]).toEqual([undefined, false, undefined])
    loaded.resolve('done')
    expect(await answer).toBe('done')
  })

  it('does not keep a timeout from ending what is not loading any more', async () => {
    let state: LoadState | undefined = { kind: 'loading' }
    const [engine] = engines('a') as [Engine]
    const from = pool([telling(engine, () => state)])
    const { answer, of } = ask(from, { a: silent }, watched())
    await sleep(1_500)
    state = undefined
    await expect(of.untilEnd(answer)).rejects.toMatchObject({ code: 'answer_timeout' })
  })

  it('that fails ends the attempt, which moves on to another engine', async () => {
    const [a, b] = engines('a', 'b') as [Engine, Engine]
    const from = pool([telling(a, () => ({ kind: 'failed', exitCode: 1 })), b], {
      attemptTimeout: 60_000,
    })
    const { answer, of, signals } = ask(from, { a: silent }, watched())
    expect(await answer).toBe('b')
    expect(of.failures).toEqual(['a model_load_failed'])
    expect(signals[0]?.aborted).toBe(true)
    expect(from.member(a).breaker.state(performance.now())).toBe('closed')
  })

  it('is not left for an engine that would have to load the model too', async () => {
    const given = holding({ a: false, b: false })
    const from = pool(
      given.map((engine) => telling(engine, () => ({ kind: 'loading' }))),
      { attemptTimeout: 1_200 },
    )
    const { asked, of } = ask(from, { a: silent, b: silent }, watched({ answerTimeout: 60_000 }))
    await sleep(2_800)
    expect(asked).toEqual(['a'])
    of.cancel()
  })

  it('is left for an engine that does not say whether it has the model loaded', async () => {
    const [a, b] = engines('a', 'b') as [Engine, Engine]
    const from = pool([telling(a, () => ({ kind: 'loading' })), b], { attemptTimeout: 1_200 })
    const { answer, asked } = ask(from, { a: silent }, watched({ answerTimeout: 60_000 }))
    expect(await answer).toBe('b')
    expect(asked).toEqual(['a', 'b'])
  })

  it.each<[LoadState, string]>([
    [{ kind: 'loading' }, 'loading m'],
    [{ kind: 'waiting', unloading: [], loadsOther: false }, 'waiting for m to be loaded'],
    [
      { kind: 'waiting', unloading: ['big'], loadsOther: false },
      'waiting for m: big is being unloaded',
    ],
    [
      { kind: 'waiting', unloading: ['m'], loadsOther: false },
      'waiting for m: it is being unloaded',
    ],
    [{ kind: 'waiting', unloading: [], loadsOther: true }, 'waiting for m: a is loading a model'],
  ])('is shown: %j', async (state, text) => {
    const [engine] = engines('a') as [Engine]
    const { of } = ask(pool([telling(engine, () => state)]), { a: silent }, watched())
    await sleep(1_100)
    expect(of.progress).toBe(text)
    of.cancel()
  })
})
