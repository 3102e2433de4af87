import { describe, expect, it } from 'vitest'
import type { ChatYield } from '../../../../src/engines/custom/chat-form.ts'
import {
  defineEngine,
  type EngineDefinition,
} from '../../../../src/engines/custom/define-engine.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { errorOf, eventsOf, handlerOf } from '../../../support/custom.ts'

const chatPath = '/v1/chat/completions'

async function* words(): AsyncGenerator<ChatYield> {
  yield 'Hello'
  yield ' there'
}

/** Yields these, and returns the last value. */
function yielding(values: unknown[], returned?: unknown): EngineDefinition['chat'] {
  return async function* () {
    for (const value of values) yield value as ChatYield
    return returned
  }
}

describe('an engine that yields texts', () => {
  it('answers a stream that needs no repair', async () => {
    const { ask, log } = handlerOf([{ chat: words }])
    const response = await ask(chatPath, { stream: true })
    const events = await eventsOf(response)
    expect(events).toMatchObject([
      {
        object: 'chat.completion.chunk',
        model: 'm',
        choices: [
          { index: 0, delta: { role: 'assistant', content: 'Hello' }, finish_reason: null },
        ],
      },
      { choices: [{ delta: { content: ' there' }, finish_reason: null }] },
      { choices: [{ delta: {}, finish_reason: 'stop' }] },
      '[DONE]',
    ])
    const [first] = events as { id: string; created: number }[]
    expect(first?.id).toMatch(/^chatcmpl-/)
    expect(Math.abs(Date.now() / 1000 - (first?.created ?? 0))).toBeLessThan(5)
    expect(log).toMatchObject([{ outcome: 'finished', engine: 'own-1', status: 200 }])
    expect(log[0]?.repaired).toBeUndefined()
  })

  it('answers whole', async () => {
    const { ask } = handlerOf([{ chat: words }])
    expect(await (await ask(chatPath)).json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }],
    })
  })

  it('answers in the words of Anthropic', async () => {
    const { ask } = handlerOf([{ chat: words }])
    expect(await (await ask('/v1/messages')).json()).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: 'Hello there' }],
      stop_reason: 'end_turn',
    })
    const events = await eventsOf(await ask('/v1/messages', { stream: true }))
    expect(events.map((event) => (event as { type: string }).type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  it('answers in the words of Responses', async () => {
    const { ask } = handlerOf([{ chat: words }])
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'Hello there' }] }]
    const whole = await (await ask('/v1/responses', { input: 'Hi' })).json()
    expect(whole).toMatchObject({ object: 'response', status: 'completed', output })
    const events = await eventsOf(await ask('/v1/responses', { input: 'Hi', stream: true }))
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { output } })
  })

  it('refuses a text completion and embeddings, which it can not answer', async () => {
    const { ask } = handlerOf([{ chat: words }])
    for (const [path, body] of [
      ['/v1/completions', { prompt: 'Once' }],
      ['/v1/embeddings', { input: 'Once' }],
    ] as const) {
      const response = await ask(path, body)
      expect(response.status).toBe(400)
      expect((await errorOf(response)).code).toBe('model_not_capable')
    }
  })
})

describe('what a chat may yield', () => {
  it('is a delta of reasoning, of content, and a finish reason', async () => {
    const { ask } = handlerOf([
      { chat: yielding([{ reasoning_content: 'Hm' }, { content: 'No', finish_reason: 'length' }]) },
    ])
    expect(await (await ask(chatPath)).json()).toMatchObject({
      choices: [{ message: { content: 'No', reasoning_content: 'Hm' }, finish_reason: 'length' }],
    })
  })

  it('is pieces of tool calls, whose finish reason is added', async () => {
    const pieces = [
      { tool_calls: [{ id: 'call_1', function: { name: 'add', arguments: '{"a":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '1}' } }] },
    ]
    const { ask } = handlerOf([{ chat: yielding(pieces) }])
    const call = { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
    expect(await (await ask(chatPath)).json()).toMatchObject({
      choices: [{ message: { tool_calls: [call] }, finish_reason: 'tool_calls' }],
    })
    expect(await (await ask('/v1/messages')).json()).toMatchObject({
      content: [{ type: 'tool_use', id: 'call_1', name: 'add', input: { a: 1 } }],
      stop_reason: 'tool_use',
    })
    // What was yielded is the engine's own: it may be the same for every request.
    expect(pieces[0]?.tool_calls).toEqual([
      { id: 'call_1', function: { name: 'add', arguments: '{"a":' } },
    ])
  })

  it('is whole chunks, of several choices too', async () => {
    const choice = (index: number, content: string, finish_reason: string | null = null) => ({
      choices: [{ index, delta: { content }, finish_reason }],
    })
    const chat = yielding([choice(0, 'a'), choice(1, 'b'), choice(1, '', 'length')])
    const { ask } = handlerOf([{ chat }])
    expect(await (await ask(chatPath, { n: 2 })).json()).toMatchObject({
      choices: [
        { index: 0, message: { content: 'a' }, finish_reason: 'stop' },
        { index: 1, message: { content: 'b' }, finish_reason: 'length' },
      ],
    })
  })

  it.each([
    ['yielded', ['Hi', { usage: { prompt_tokens: 2, completion_tokens: 1 } }], undefined],
    ['returned', ['Hi'], { usage: { prompt_tokens: 2, completion_tokens: 1 } }],
  ])('is usage, %s: told where it is asked for, and logged', async (_, values, returned) => {
    const { ask, log } = handlerOf([{ chat: yielding(values, returned) }])
    const usage = { prompt_tokens: 2, completion_tokens: 1, total_tokens: 3 }
    const asked = { stream: true, stream_options: { include_usage: true } }
    expect((await eventsOf(await ask(chatPath, asked))).at(-2)).toMatchObject({
      choices: [],
      usage,
    })
    expect(await (await ask(chatPath, { stream: true })).text()).not.toContain('usage')
    expect(await (await ask(chatPath)).json()).toMatchObject({ usage })
    expect(log).toMatchObject([{ tokens: 1, promptTokens: 2 }, { tokens: 1 }, { tokens: 1 }])
  })

  it('is no text where several choices are asked for', async () => {
    const { ask } = handlerOf([{ chat: words }])
    const response = await ask(chatPath, { n: 2, stream: true })
    expect(response.status).toBe(400)
    expect((await errorOf(response)).message).toMatch(/^n: expected 1, got 2: own-1 gives one/)
  })

  it.each([
    [42, 'yielded the number 42'],
    [undefined, 'yielded undefined'],
    [null, 'yielded null'],
    [{}, 'yielded an object without fields'],
    [{ content: undefined }, 'yielded an object with content'],
    [{ token: 'SECRET' }, 'yielded an object with token'],
    [['Hi'], 'yielded an array of 1'],
  ])('is nothing else: %j', async (value, told) => {
    const { ask, log } = handlerOf([{ chat: yielding([value]) }])
    const response = await ask(chatPath, { stream: true })
    expect(response.status).toBe(502)
    const { message, code } = await errorOf(response)
    expect(message).toContain(`own-1 ${told}; expected a text, a delta such as`)
    expect(message).not.toContain('SECRET')
    expect(code).toBe('engine_invalid')
    expect(log).toMatchObject([{ code: 'engine_invalid', outcome: 'failed' }])
  })

  it('is something: an engine that ends without a word has failed', async () => {
    const { ask } = handlerOf([{ chat: yielding(['', { role: 'assistant' }]) }])
    const response = await ask(chatPath)
    expect(response.status).toBe(502)
    const { message, code } = await errorOf(response)
    expect(message).toContain('own-1 ended without having yielded anything')
    expect(code).toBe('engine_incomplete')
  })

  it('comes from anything that can be iterated', async () => {
    for (const chat of [
      async () => words(),
      () => new Response('Hello').body?.pipeThrough(new TextDecoderStream()) as ReadableStream,
      () => ['Hello'],
    ]) {
      const { ask } = handlerOf([{ chat }])
      expect(await (await ask(chatPath)).text()).toContain('Hello')
    }
    const { ask } = handlerOf([{ chat: (() => 'Hello') as never }])
    const { message } = await errorOf(await ask(chatPath))
    expect(message).toContain('own-1 returned a text; expected an async generator')
  })
})

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
    [{ chat: undefined }, /^defineEngine: chat: expected a function, got undefined/],
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
