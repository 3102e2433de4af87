import { describe, expect, it } from 'vitest'
import { messagesDialect } from '../../../../src/dialects/messages/dialect.ts'
import { tokenCountCall } from '../../../../src/dialects/messages/native.ts'
import { base, chat, read, refusal } from './asked.ts'

describe('fields', () => {
  it('are as few as were asked for', () => {
    expect(chat({})).toEqual(base)
  })

  it.each<[string, object, object]>([
    ['a stream', { stream: true }, { stream: true, stream_options: { include_usage: true } }],
    ['no stream', { stream: false }, {}],
    ['stops', { stop_sequences: ['a', 'b'] }, { stop: ['a', 'b'] }],
    ['no stops', { stop_sequences: [] }, {}],
    [
      'sampling',
      { temperature: 0, top_p: 0.5, top_k: 7 },
      { temperature: 0, top_p: 0.5, top_k: 7 },
    ],
    ['nulls', { temperature: null, tools: null, thinking: null, system: null, stream: null }, {}],
    ['a user', { metadata: { user_id: 'u' } }, { user: 'u' }],
    ['the usual tier', { service_tier: 'auto' }, {}],
    ['the standard tier', { service_tier: 'standard_only' }, { service_tier: 'default' }],
    ['fields of a server’s own', { min_p: 0.1, seed: 7 }, { min_p: 0.1, seed: 7 }],
    [
      'what changes only cost or speed',
      { cache_control: { type: 'ephemeral' }, speed: 'fast', inference_geo: 'us', n: 3 },
      {},
    ],
    ['edits of a context that is not kept', { context_management: { edits: [] } }, {}],
    [
      'edits that shorten a context',
      {
        context_management: {
          edits: [{ type: 'clear_thinking_20251015', keep: 'all' }, { type: 'compact_20260112' }],
        },
      },
      {},
    ],
    ['any other tier', { service_tier: 'priority' }, {}],
    ['a user that is all of an installation', { metadata: { user_id: 'u'.repeat(65) } }, {}],
    ['what is of the client alone', { client_metadata: { a: 1 }, truncation: 'auto' }, {}],
  ])('%s', (_, asked, told) => {
    expect(chat(asked)).toEqual({ ...base, ...told })
  })

  it.each(['output_config', 'output_format'])('a schema by %s', (field) => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    const asked =
      field === 'output_config' ? { output_config: { format } } : { output_format: format }
    expect(chat(asked).response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
    })
  })

  it.each<[object, object]>([
    [
      { thinking: { type: 'disabled' } },
      { chat_template_kwargs: { enable_thinking: false }, reasoning_effort: 'none' },
    ],
    [
      { thinking: { type: 'enabled', budget_tokens: 2_000 } },
      {
        chat_template_kwargs: { enable_thinking: true },
        thinking_budget_tokens: 2_000,
        thinking_token_budget: 2_000,
      },
    ],
    [{ thinking: { type: 'adaptive' } }, { chat_template_kwargs: { enable_thinking: true } }],
    [{ output_config: { effort: 'high' } }, { reasoning_effort: 'high' }],
    [
      {
        thinking: { type: 'adaptive' },
        output_config: { effort: 'low' },
        chat_template_kwargs: { a: 1 },
      },
      { chat_template_kwargs: { a: 1, enable_thinking: true }, reasoning_effort: 'low' },
    ],
  ])('thinking, which an engine may refuse: %j', (asked, told) => {
    expect(chat(asked)).toEqual({ ...base, ...told })
    const optionalFields = read(asked).optionalFields ?? []
    expect(Object.keys(told).every((field) => optionalFields.includes(field))).toBe(true)
  })
})

describe('tools', () => {
  const input_schema = { type: 'object', properties: {} }

  it('become functions', () => {
    const tools = [
      { name: 'a', description: 'A.', input_schema, cache_control: { type: 'ephemeral' } },
      { type: 'custom', name: 'b', input_schema, strict: true },
    ]
    expect(chat({ tools }).tools).toEqual([
      { type: 'function', function: { name: 'a', description: 'A.', parameters: input_schema } },
      { type: 'function', function: { name: 'b', parameters: input_schema, strict: true } },
    ])
  })

  it.each<[object, object]>([
    [{ type: 'auto' }, { tool_choice: 'auto' }],
    [{ type: 'any' }, { tool_choice: 'required' }],
    [{ type: 'none' }, { tool_choice: 'none' }],
    [{ type: 'tool', name: 'f' }, { tool_choice: { type: 'function', function: { name: 'f' } } }],
    [
      { type: 'auto', disable_parallel_tool_use: true },
      { tool_choice: 'auto', parallel_tool_calls: false },
    ],
    [{ type: 'any', disable_parallel_tool_use: false }, { tool_choice: 'required' }],
  ])('are chosen as asked: %j', (tool_choice, told) => {
    expect(chat({ tool_choice })).toEqual({ ...base, ...told })
  })
})

describe('what a chat can’t say', () => {
  const user = (block: object) => ({ messages: [{ role: 'user', content: [block] }] })
  const at = 'messages[0].content[0]'

  it.each<[string, object]>([
    ['container', { container: 'c' }],
    [`${at}.source`, user({ type: 'image', source: { type: 'file', file_id: 'f' } })],
    [`${at}.source`, user({ type: 'document', source: { type: 'url', url: 'https://a' } })],
    [`${at}.source`, user({ type: 'document', source: { type: 'file', file_id: 'f' } })],
    [
      `${at}.citations`,
      user({
        type: 'document',
        source: { type: 'text', data: 'a' },
        citations: { enabled: true },
      }),
    ],
    [at, user({ type: 'container_upload', file_id: 'f' })],
    [at, user({ type: 'thinking', thinking: 'a' })],
    [
      `${at}.content[0]`,
      user({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'video' }] }),
    ],
  ])('is refused for a chat, and forwarded: %s', (param, body) => {
    expect(refusal(body)).toMatchObject({ status: 400, param })
    expect(read(body).native?.body).toMatchObject(body)
  })
})

describe('what is wrong', () => {
  const user = (block: object) => ({ messages: [{ role: 'user', content: [block] }] })
  const at = 'messages[0].content[0]'

  it.each<[string, object]>([
    ['max_tokens', { max_tokens: undefined }],
    ['max_tokens', { max_tokens: 0 }],
    ['max_tokens', { max_tokens: '9' }],
    ['max_tokens', { max_tokens: 1.5 }],
    ['messages', { messages: undefined }],
    ['messages', { messages: [] }],
    ['messages', { messages: 'Hi' }],
    ['messages[0].role', { messages: [{ role: 'tool', content: 'a' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 1 }] }],
    [`${at}.text`, user({ type: 'text' })],
    [`${at}.source`, user({ type: 'image' })],
    [`${at}.source.type`, user({ type: 'image', source: { type: 'text' } })],
    [`${at}.source.data`, user({ type: 'image', source: { type: 'base64', media_type: 'a' } })],
    [`${at}.tool_use_id`, user({ type: 'tool_result' })],
    [`${at}.content`, user({ type: 'tool_result', tool_use_id: 'a', content: 1 })],
    [`${at}.is_error`, user({ type: 'tool_result', tool_use_id: 'a', is_error: 'no' })],
    [`${at}.input`, user({ type: 'tool_use', id: 'a', name: 'f', input: '{}' })],
    [`${at}.id`, user({ type: 'tool_use', name: 'f', input: {} })],
    [`${at}.title`, user({ type: 'document', source: { type: 'text', data: 'a' }, title: 1 })],
    ['system', { system: 1 }],
    ['system[0].text', { system: [{ type: 'text' }] }],
    ['tools', { tools: {} }],
    ['tools[0].input_schema', { tools: [{ name: 'f' }] }],
    ['tools[0].name', { tools: [{ input_schema: {} }] }],
    ['tools[0].description', { tools: [{ name: 'f', input_schema: {}, description: 1 }] }],
    ['tool_choice.type', { tool_choice: { type: 'sometimes' } }],
    ['tool_choice.name', { tool_choice: { type: 'tool' } }],
    ['tool_choice', { tool_choice: 'auto' }],
    ['stop_sequences', { stop_sequences: 'a' }],
    ['stop_sequences[1]', { stop_sequences: ['a', 1] }],
    ['stream', { stream: 'yes' }],
    ['thinking.type', { thinking: { type: 'hard' } }],
    ['service_tier', { service_tier: 1 }],
    ['context_management.edits[0].type', { context_management: { edits: [{ type: 'x' }] } }],
    ['context_management.edits', { context_management: { edits: 'all' } }],
    ['moderation', { moderation: {} }],
    ['output_config.format.type', { output_config: { format: { type: 'yaml' } } }],
    ['output_format.schema', { output_format: { type: 'json_schema' } }],
    ['model', { model: 1 }],
    ['thread', { thread: { type: 'create' } }],
    // What passes through is checked as a chat's.
  ])('is refused by the name of the field: %s, %j', (param, body) => {
    const error = refusal(body)
    expect(error).toMatchObject({ status: 400, param })
    expect(error.message.startsWith(`${param}: expected`), error.message).toBe(true)
  })

  it.each([null, [], 'x', 1])('is %j for a body', (body) => {
    expect(() => messagesDialect.read(body, 'id', new Headers())).toThrow('an object')
  })
})

describe('the request for an engine that speaks the API', () => {
  it('is as it came, with the headers that say which version it is', () => {
    const body = { ...base, tools: [{ type: 'web_search_20250305', name: 'x' }], odd: { a: 1 } }
    const { native } = read(body, { 'anthropic-beta': 'a,b', cookie: 'c', 'x-api-key': 'k' })
    expect(native).toMatchObject({ api: 'messages', path: '/messages', body })
    expect(native?.headers).toEqual({
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'a,b',
    })
  })
})

describe('a prompt to be counted', () => {
  it('needs no max_tokens, and is a chat as well', () => {
    const { model, messages } = base
    const prompt = tokenCountCall({ model, messages, system: 'A.' }, new Headers())
    expect(prompt.native).toMatchObject({ path: '/messages/count_tokens', body: { system: 'A.' } })
    expect(prompt.chat()).toEqual({
      model,
      messages: [{ role: 'system', content: 'A.' }, ...messages],
    })
    expect(() => tokenCountCall({ messages: [] }, new Headers())).toThrow('messages:')
  })
})
