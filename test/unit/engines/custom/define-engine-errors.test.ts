import { describe, expect, it } from 'vitest'
import type { ChatYield } from '../../../../src/engines/custom/chat-form.ts'
import {
  defineEngine,
  type EngineDefinition,
} from '../../../../src/engines/custom/define-engine.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { errorOf, eventsOf, handlerOf } from '../../../support/custom.ts'
import { chatPath, words } from './yielding.ts'

describe('what an engine throws', () => {
  function throwing(error: unknown, after: ChatYield[] = []): EngineDefinition['chat'] {
    return async function* () {
      yield* after
      throw error
    }
  }

  it('is the status of an ApiError, before the first yield', async () => {
    const error = new ApiError(429, 'Too much at once.', { code: 'engine_busy' })
    for (const chat of [throwing(error), () => Promise.reject(error)]) {
      for (const stream of [true, false]) {
        const response = await handlerOf([{ chat }]).ask(chatPath, { stream })
        expect(response.status).toBe(429)
        expect(await errorOf(response)).toMatchObject({ message: 'Too much at once.' })
      }
    }
  })

  it('is the last event, after the first yield', async () => {
    const error = new ApiError(503, 'Out of paper.', { code: 'out_of_paper' })
    const { ask } = handlerOf([{ chat: throwing(error, ['Hi']) }])
    const events = await eventsOf(await ask(chatPath, { stream: true }))
    expect(events.at(-1)).toMatchObject({ error: { message: 'Out of paper.' } })
    expect(events).not.toContain('[DONE]')
  })

  it.each([[[]], [['Hi']]])(
    'is told to nobody but the log where it is any other error',
    async (after) => {
      const { ask, log } = handlerOf([{ chat: throwing(new Error('SECRET'), after) }])
      const response = await ask(chatPath, { stream: true })
      expect(response.status).toBe(after.length > 0 ? 200 : 502)
      const text = await response.text()
      expect(text).toContain('own-1 failed while answering; the log of sluice says why.')
      expect(text).toContain('"engine_error"')
      expect(text).not.toContain('SECRET')
      expect(log).toMatchObject([{ code: 'engine_error', cause: 'SECRET', outcome: 'failed' }])
    },
  )

  it.each([
    ['nothing that can be shown', Object.create(null), 'a value was thrown that cannot be shown'],
    ['a symbol', Symbol('paper'), 'Symbol(paper)'],
  ])('may be %s', async (_, thrown, cause) => {
    const { ask, log } = handlerOf([{ chat: throwing(thrown) }])
    expect((await ask(chatPath)).status).toBe(502)
    expect(log).toMatchObject([{ code: 'engine_error', cause: expect.stringContaining(cause) }])
  })

  it('is logged with the address that failed, and without keys', async () => {
    const key = `sk-${'a1'.repeat(12)}`
    const cause = new Error(`connect ECONNREFUSED 127.0.0.1:7899 with ${key}`)
    const { ask, log } = handlerOf([{ chat: throwing(new TypeError('fetch failed', { cause })) }])
    expect(await errorOf(await ask(chatPath))).not.toHaveProperty(
      'message',
      expect.stringContaining('127.0.0.1'),
    )
    expect(log).toMatchObject([
      { cause: 'fetch failed: connect ECONNREFUSED 127.0.0.1:7899 with sk-…' },
    ])
  })

  it.each([200, 99, 204, 600, 400.5])('is a 500 for the status %s', async (status) => {
    const { ask, log } = handlerOf([{ chat: throwing(new ApiError(status, 'Odd.')) }])
    const response = await ask(chatPath)
    expect(response.status).toBe(500)
    expect(await errorOf(response)).toMatchObject({ message: 'Odd.', type: 'server_error' })
    expect(log).toMatchObject([{ cause: expect.stringContaining(`got ${status}; 500 was sent`) }])
  })

  it('keeps the status where a header has a name that HTTP forbids', async () => {
    const headers = { 'bad name': 'x', 'retry-after': '5' }
    const { ask } = handlerOf([{ chat: throwing(new ApiError(429, 'Busy.', { headers })) }])
    const response = await ask(chatPath)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5'])
  })

  it('sends a request on to another engine that has the model', async () => {
    const { ask, log } = handlerOf([{ chat: throwing(new Error('down')) }, { chat: words }])
    const response = await ask(chatPath, { stream: true })
    expect(await response.text()).toContain('Hello')
    expect(log).toMatchObject([{ engine: 'own-2', attempts: 2, failures: ['own-1 engine_error'] }])
  })
})

describe('what an engine may not give', () => {
  const circle: { content: string; self?: unknown } = { content: 'a' }
  circle.self = circle

  it.each([
    ['a circle', circle],
    ['a bigint', { content: 'a', count: 1n }],
  ])('is what JSON has no form for: %s', async (_, value) => {
    for (const stream of [true, false]) {
      const { ask, log } = handlerOf([{ chat: () => [value] }])
      const response = await ask(chatPath, { stream })
      expect(response.status).toBe(502)
      expect((await errorOf(response)).code).toBe('engine_error')
      expect(log).toMatchObject([{ cause: expect.any(String) }])
    }
  })

  it.each([-5, 1.5, Number.NaN, '7'])('is a count of tokens such as %s', async (count) => {
    const { ask, log } = handlerOf([{ chat: words, countTokens: () => count as number }])
    const response = await ask('/v1/messages/count_tokens', {
      messages: [{ role: 'user', content: 'Hi' }],
    })
    expect(response.status).toBe(502)
    expect(log).toMatchObject([
      { code: 'engine_error', cause: expect.stringContaining('countTokens returned') },
    ])
  })

  it('is an iterable without an iterator, of which the log tells once', async () => {
    const written: unknown[] = []
    const { error } = console
    console.error = (...words: unknown[]) => written.push(words)
    try {
      const chat = () => ({ [Symbol.asyncIterator]: () => undefined })
      const { ask } = handlerOf([{ chat: chat as unknown as EngineDefinition['chat'] }])
      expect((await ask(chatPath)).status).toBe(502)
    } finally {
      console.error = error
    }
    expect(written).toEqual([])
  })

  it('is no iterable, which nobody is told of once the client has left', async () => {
    const written: unknown[] = []
    const { error } = console
    console.error = (...words: unknown[]) => written.push(words)
    try {
      const { promise, resolve } = Promise.withResolvers<unknown>()
      const leaving = new AbortController()
      const { ask } = handlerOf([{ chat: () => promise as ReturnType<EngineDefinition['chat']> }])
      const answer = ask(chatPath, {}, leaving.signal)
      await new Promise((done) => setTimeout(done, 20))
      leaving.abort()
      expect((await answer).status).toBe(499)
      resolve(7)
      await new Promise((done) => setTimeout(done, 20))
    } finally {
      console.error = error
    }
    expect(written).toEqual([])
  })
})

describe('a definition', () => {
  const right: EngineDefinition = { label: 'own', models: ['m'], chat: words }

  it.each([
    [{ label: 'a b' }, /^defineEngine: label: expected 1 to 40 letters/],
    [{ label: 'static' }, /^defineEngine: label: /],
    [{ models: [] }, /^defineEngine: models: expected ids/],
    [{ models: ['m', 7] }, /^defineEngine: models\[1\]: expected the id of a model/],
    [{ models: ['static'] }, /^defineEngine: models\[0\]: /],
    [{ chat: undefined }, /^defineEngine: chat: expected a function, got nothing/],
    [{ embed: 'yes' }, /^defineEngine: embed: expected a function/],
    [{ maxConcurrency: 0 }, /^defineEngine: maxConcurrency: expected a whole number from 1, got 0/],
    [
      { streams: 2 },
      /^defineEngine: streams: there is no such field\. Did you mean maxConcurrency\?/,
    ],
    [{ maxConcurency: 2 }, /^defineEngine: maxConcurency: .*Did you mean maxConcurrency\?/],
  ])('that is wrong is refused: %o', (wrong, message) => {
    expect(() => defineEngine({ ...right, ...wrong } as EngineDefinition)).toThrow(message)
  })

  it('lists its models, given or found', async () => {
    const found = handlerOf([
      { chat: words, models: async () => [{ id: 'big', owned_by: 'me', loaded: true }, 'small'] },
    ])
    const list = await found.handler.fetch(new Request('http://localhost/v1/models'))
    expect(await list.json()).toMatchObject({
      data: [{ id: 'big', owned_by: 'me' }, { id: 'small', owned_by: 'own-1' }, { id: 'static' }],
    })
  })

  it('takes no model that it does not list', async () => {
    const { ask } = handlerOf([{ chat: words, models: ['mine'] }])
    const response = await ask(chatPath, { model: 'min' })
    expect(response.status).toBe(404)
    expect((await errorOf(response)).message).toContain('did you mean "mine"?')
  })

  it('counts as down while its models can not be listed, and tells nobody why', async () => {
    const { handler } = handlerOf([
      {
        chat: words,
        models: () => {
          throw new Error('SECRET')
        },
      },
    ])
    const [status] = await handler.refresh()
    expect(status).toMatchObject({ engine: 'own-1', models: [] })
    expect(status?.error).toContain('own-1 failed')
    expect(status?.error).not.toContain('SECRET')
  })
})
