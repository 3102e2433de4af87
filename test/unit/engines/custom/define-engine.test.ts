import { describe, expect, it } from 'vitest'
import { errorOf, eventsOf, handlerOf } from '../../../support/custom.ts'
import { chatPath, words, yielding } from './yielding.ts'

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
