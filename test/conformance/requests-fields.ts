import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type ApiErrorBody, expectError, expectErrorShape } from '../support/refusal.ts'
import type { Server } from '../support/server.ts'
import { messages, type Post, valid } from './requests-body.ts'

/** A wrong field, the word its message begins with, and words that say what came and was expected. */
type WrongField = [body: Record<string, unknown>, param: string, ...words: string[]]

const wrongFields: WrongField[] = [
  [{ messages: undefined }, 'messages', 'array', 'missing'],
  [{ messages: null }, 'messages', 'array', 'null'],
  [{ messages: [] }, 'messages', 'non-empty array', 'an empty array'],
  [{ messages: 'Hi' }, 'messages', 'array', '"Hi"'],
  [{ messages: ['Hi'] }, 'messages[0]', 'an object', '"Hi"'],
  [{ messages: [{}] }, 'messages[0].role', '"user"', 'missing'],
  [{ messages: [{ role: 'robot', content: '' }] }, 'messages[0].role', '"assistant"', '"robot"'],
  [{ messages: [{ role: 'user' }] }, 'messages[0].content', 'a string', 'missing'],
  [{ messages: [...messages, { role: 'user', content: 5 }] }, 'messages[1].content', 'string', '5'],
  [
    { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
    'messages[0].content[0].text',
    'a string',
    'missing',
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 1 } }] }] },
    'messages[0].content[0].image_url.url',
    'a string',
    '1',
  ],
  [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id', 'string', 'missing'],
  [
    { messages: [{ role: 'assistant', tool_calls: [{ type: 'function', id: 'a' }] }] },
    'messages[0].tool_calls[0].function',
    'an object',
    'missing',
  ],
  [{ model: 5 }, 'model', 'a string', '5'],
  [{ stream: 'yes' }, 'stream', 'true or false', '"yes"'],
  [{ stream_options: true }, 'stream_options', 'an object', 'true'],
  [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage', 'true or false', '1'],
  [{ temperature: 2.1 }, 'temperature', 'from 0 to 2', '2.1'],
  [{ temperature: '1' }, 'temperature', 'a number', '"1"'],
  [{ temperature: -1 }, 'temperature', 'from 0 to 2', '-1'],
  [{ top_p: 1.5 }, 'top_p', 'from 0 to 1', '1.5'],
  [{ n: 0 }, 'n', 'an integer', '0'],
  [{ n: 129 }, 'n', '128', '129'],
  [{ n: 1.5 }, 'n', 'an integer', '1.5'],
  [{ max_tokens: 1.5 }, 'max_tokens', 'an integer', '1.5'],
  [{ max_tokens: '9' }, 'max_tokens', 'an integer', '"9"'],
  [{ max_completion_tokens: -2 }, 'max_completion_tokens', 'an integer', '-2'],
  [{ stop: 5 }, 'stop', 'a string', '5'],
  [{ stop: ['a', 5] }, 'stop[1]', 'a string', '5'],
  [{ seed: 1.5 }, 'seed', 'an integer', '1.5'],
  [{ presence_penalty: 3 }, 'presence_penalty', 'from -2 to 2', '3'],
  [{ frequency_penalty: -3 }, 'frequency_penalty', 'from -2 to 2', '-3'],
  [{ logit_bias: { 50256: 101 } }, 'logit_bias["50256"]', '100', '101'],
  [{ logprobs: 'yes' }, 'logprobs', 'true or false', '"yes"'],
  [{ top_logprobs: -1 }, 'top_logprobs', 'an integer', '-1'],
  [{ tools: {} }, 'tools', 'an array', 'an object'],
  [{ tools: [{ type: 'function' }] }, 'tools[0].function', 'an object', 'missing'],
  [
    { tools: [{ type: 'function', function: { name: 5 } }] },
    'tools[0].function.name',
    'a string',
    '5',
  ],
  [{ tool_choice: 'maybe' }, 'tool_choice', '"auto"', '"maybe"'],
  [{ response_format: 'json' }, 'response_format', 'an object', '"json"'],
  [
    { response_format: { type: 'json_schema' } },
    'response_format.json_schema',
    'object',
    'missing',
  ],
  [{ parallel_tool_calls: 1 }, 'parallel_tool_calls', 'true or false', '1'],
  [{ metadata: { a: 1 } }, 'metadata.a', 'a string', '1'],
  [{ modalities: 'text' }, 'modalities', 'an array', '"text"'],
  [{ reasoning_effort: 1 }, 'reasoning_effort', 'a string', '1'],
  [{ user: {} }, 'user', 'a string', 'an object'],
  [{ store: 'no' }, 'store', 'true or false', '"no"'],
]

export function fields(post: Post): void {
  const refused = async (body: Record<string, unknown>): Promise<ApiErrorBody> => {
    const response = await post(JSON.stringify({ model: 'static', messages, ...body }))
    const error = await expectError(response, 400)
    expect(error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_value' })
    return error
  }

  it.each(wrongFields.map((wrong) => ({ body: wrong[0], wrong })))(
    'refuses $body',
    async ({ wrong: [body, param, ...words] }) => {
      const error = await refused(body)
      expect(error.param).toBe(param)
      expect(error.message.startsWith(`${param}: expected `), error.message).toBe(true)
      for (const word of words) expect(error.message).toContain(word)
      expect(error.message).toContain(', got ')
    },
  )

  it('refuses a wrong field the same way where a stream is asked for', async () => {
    expect((await refused({ stream: true, temperature: 9 })).param).toBe('temperature')
  })

  it('never repeats a long value', async () => {
    const error = await refused({ stream: 'secret'.repeat(10_000) })
    expect(error.message.length).toBeLessThan(300)
  })

  const strange: Record<string, unknown>[] = [
    { future_field: { a: [1, 2] } },
    { messages: [{ role: 'user', content: 'Hi', extra: 1 }] },
    { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: 'x' } }] }] },
    { tools: [{ type: 'retrieval' }] },
    { stream_options: { future: true } },
    { top_k: 40, min_p: 0.1, repeat_penalty: 1.1, chat_template_kwargs: { thinking: false } },
    { messages: [{ role: 'developer', content: 'x' }, ...messages] },
    { messages: [{ role: 'assistant', content: null, tool_calls: null }, ...messages] },
    { temperature: null, top_p: null, n: null, stop: null, tools: null, seed: null, user: null },
    { constructor: { prototype: 1 }, toString: 'x' },
  ]
  it.each(strange)('takes %j', async (body) => {
    const response = await post(JSON.stringify({ model: 'static', messages, ...body }))
    expect(response.status, await response.text()).toBe(200)
  })

  it('takes a field named __proto__ for any other', async () => {
    const response = await post(`{"__proto__": {"n": 9}, ${valid.slice(1)}`)
    const { choices } = (await response.json()) as { choices: unknown[] }
    expect(choices).toHaveLength(1)
  })

  it('takes a seed of 64 bits', async () => {
    expect((await post(`{"seed": 9223372036854775807, ${valid.slice(1)}`)).status).toBe(200)
  })

  it('takes a thousand messages', async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => ({
      role: at % 2 ? 'assistant' : 'user',
      content: `message ${at}`,
    }))
    expect((await post(JSON.stringify({ model: 'static', messages: many }))).status).toBe(200)
  })
}

export function anything(server: Server, post: Post): void {
  /** Whatever is answered, it is an answer or an error in OpenAI's shape, and no fault of sluice's. */
  const expectSane = async (response: Response) => {
    const text = await response.text()
    expect(response.status, text).toBeLessThan(500)
    if (response.status >= 400) expectErrorShape(response, text)
    else if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    } else expect(JSON.parse(text)).toMatchObject({ object: 'chat.completion' })
  }
  const json = fc.jsonValue({ maxDepth: 4 })
  const content = fc.oneof(fc.string({ unit: 'grapheme' }), json, fc.constant(null))
  const role = fc.constantFrom('user', 'assistant', 'system', 'tool', 'developer', 'function', 'x')
  const message = fc.record(
    { role, content, name: json, tool_calls: json, tool_call_id: fc.string() },
    { requiredKeys: ['role', 'content'] },
  )
  const chatLike = fc.record(
    {
      model: fc.oneof(fc.constant('static'), fc.string(), json),
      messages: fc.oneof(fc.array(message, { minLength: 1, maxLength: 3 }), json),
      stream: fc.oneof(fc.boolean(), json),
      n: fc.oneof(fc.integer({ min: -1, max: 5 }), json),
      stop: fc.oneof(fc.string(), fc.array(fc.string()), json),
      max_tokens: fc.oneof(fc.integer(), json),
      temperature: fc.oneof(fc.double({ noNaN: true, min: 0, max: 2 }), json),
      tools: json,
      tool_choice: json,
      response_format: json,
      stream_options: fc.oneof(fc.record({ include_usage: fc.boolean() }), json),
      logit_bias: fc.oneof(fc.dictionary(fc.string(), fc.integer()), json),
      metadata: json,
    },
    { requiredKeys: ['messages'] },
  )

  it('answers any JSON', async () => {
    const property = fc.asyncProperty(fc.oneof(json, chatLike), async (body) =>
      expectSane(await post(JSON.stringify(body))),
    )
    await fc.assert(property, { numRuns: 60 })
  })

  it('answers what nearly is a chat request', async () => {
    const property = fc.asyncProperty(chatLike, async (body) =>
      expectSane(await post(JSON.stringify(body))),
    )
    await fc.assert(property, { numRuns: 60 })
  })

  it('answers any bytes', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) =>
      expectSane(await post(bytes)),
    )
    await fc.assert(property, { numRuns: 40 })
  })

  it('answers a valid request that was cut anywhere', async () => {
    const property = fc.asyncProperty(fc.nat(valid.length), async (at) =>
      expectSane(await post(valid.slice(0, at))),
    )
    await fc.assert(property, { numRuns: 30 })
  })

  it('is well after all that', async () => {
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    expect((await post(valid)).status).toBe(200)
    const failed = server.log.filter((entry) => entry.status >= 500)
    expect(failed).toEqual([])
    expect(server.stderr()).not.toMatch(/error/i)
  })
}
