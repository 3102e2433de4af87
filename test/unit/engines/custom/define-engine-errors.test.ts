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

  it('sends a request on to another engine that has the model', async () => {
    const { ask, log } = handlerOf([{ chat: throwing(new Error('down')) }, { chat: words }])
    const response = await ask(chatPath, { stream: true })
    expect(await response.text()).toContain('Hello')
    expect(log).toMatchObject([{ engine: 'own-2', attempts: 2, failures: ['own-1 engine_error'] }])
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
