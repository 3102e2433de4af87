import { describe, expect, it } from 'vitest'
import { toMlcRequest } from '../../../../src/engines/webllm/chat-request.ts'
import { type ChatRequest, parseChatRequest } from '../../../../src/wire/chat/request.ts'
import { parseExact } from '../../../../src/wire/json/exact-integers.ts'
import { scanJson } from '../../../../src/wire/json/scan.ts'
import { decodeText } from '../../../../src/wire/sse/sse.ts'
import { caller, record } from '../../../support/mlc.ts'

const vision = { ...record, model_type: 2 }
const user = (content: unknown) => ({ role: 'user', content })

function convert(request: Record<string, unknown>, model = record) {
  const full = { messages: [user('Hello')], ...request }
  return toMlcRequest(parseChatRequest(full) as ChatRequest, model).request
}

function messages(...list: unknown[]) {
  return convert({ messages: list }).messages
}

describe('messages', () => {
  it('have text parts joined, and system and developer together at the head', () => {
    expect(
      messages(
        { role: 'system', content: 'Be brief.' },
        {
          role: 'developer',
          content: [
            { type: 'text', text: 'Be ' },
            { type: 'text', text: 'kind.' },
          ],
        },
        user([
          { type: 'text', text: 'One ' },
          { type: 'text', text: 'two' },
        ]),
      ),
    ).toEqual([
      { role: 'system', content: 'Be brief.\n\nBe kind.' },
      { role: 'user', content: 'One two' },
    ])
  })

  it('have what the system says later within a turn of the user’s', () => {
    expect(messages(user('a'), { role: 'system', content: 'Be kind.' })).toEqual([
      { role: 'user', content: 'a\n\n<system>\nBe kind.\n</system>' },
    ])
  })

  it('keep what the assistant called, as the model would have written it', () => {
    const call = { id: 'a', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
    expect(
      messages(
        user('1+1?'),
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'a', content: '2' },
      ),
    ).toEqual([
      { role: 'user', content: '1+1?' },
      { role: 'assistant', content: '[{"name":"add","arguments":{"a":1}}]' },
      { role: 'tool', content: '2', tool_call_id: 'a' },
    ])
  })

  it('keep arguments that are no JSON as they are', () => {
    const call = { id: 'a', type: 'function', function: { name: 'add', arguments: '{"a":' } }
    const [, answer] = messages(
      user('x'),
      { role: 'assistant', content: 'Hm.', tool_calls: [call] },
      user('y'),
    )
    expect(answer?.content).toBe('Hm.\n[{"name":"add","arguments":"{\\"a\\":"}]')
  })

  it('have images beside one text for a model that sees', () => {
    const image = {
      type: 'image_url',
      image_url: { url: 'data:image/png;base64,AA', detail: 'low' },
    }
    const parts = [{ type: 'text', text: 'What ' }, image, { type: 'text', text: 'is it?' }]
    expect(convert({ messages: [user(parts)] }, vision).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
        ],
      },
    ])
  })

  it.each([
    [
      [user([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }])],
      'messages[0].content[0].type',
    ],
    [
      [
        user([
          { type: 'text', text: 'a' },
          { type: 'file', file: {} },
        ]),
      ],
      'messages[0].content[1].type',
    ],
    [
      [user('a'), { role: 'system', content: [{ type: 'file', file: {} }] }],
      'messages[1].content[0].type',
    ],
    [[user('a'), { role: 'function', name: 'f', content: 'b' }], 'messages[1].role'],
    [[user('a'), { role: 'assistant', content: 'b' }], 'messages[1].role'],
    [[{ role: 'system', content: 'b' }], 'messages'],
  ])('that the model cannot take are refused by place: %j', (list, param) => {
    expect(() => convert({ messages: list })).toThrow(
      expect.objectContaining({ status: 400, param, message: expect.stringContaining(param) }),
    )
  })

  it('refuse an image that is no image', () => {
    const list = [user([{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }])]
    expect(() => convert({ messages: list }, vision)).toThrow(
      expect.objectContaining({ status: 400, param: 'messages[0].content[0].image_url.url' }),
    )
  })
})

describe('fields', () => {
  it('that mean the same go along, and nothing that web-llm would ignore', () => {
    const same = {
      temperature: 0,
      top_p: 0.5,
      seed: 7,
      stop: ['a'],
      logprobs: true,
      top_logprobs: 2,
    }
    expect(convert({ ...same, user: 'me', metadata: {}, store: false, top_k: 3 })).toEqual({
      ...same,
      messages: [user('Hello')],
      model: record.model_id,
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it.each([
    [{ max_tokens: 3 }, 3],
    [{ max_completion_tokens: 4, max_tokens: 3 }, 4],
    [{ max_tokens: -1 }, undefined],
    [{ max_tokens: null }, undefined],
  ])('say a limit by one name: %j', (fields, limit) => {
    expect(convert(fields).max_tokens).toBe(limit)
  })

  it("ask for JSON in web-llm's way", () => {
    const schema = { type: 'object' }
    const json_schema = { name: 'x', schema }
    expect(
      convert({ response_format: { type: 'json_schema', json_schema } }).response_format,
    ).toEqual({ type: 'json_object', schema: '{"type":"object"}' })
    expect(convert({ response_format: { type: 'json_object' } }).response_format).toEqual({
      type: 'json_object',
    })
    expect(convert({ response_format: null }).response_format).toBeUndefined()
  })

  it('offer no tools where none are to be used', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }]
    for (const fields of [{ tools, tool_choice: 'none' }, { tools: [] }]) {
      const { response_format, messages } = convert(fields, caller)
      expect(response_format).toBeUndefined()
      expect(messages).toEqual([user('Hello')])
    }
    const { response_format, messages } = convert({ tools }, caller)
    expect(response_format?.type).toBe('structural_tag')
    expect(messages[0]).toMatchObject({ role: 'system', content: expect.stringContaining('"f"') })
  })

  it.each([
    [{ reasoning_effort: 'none' }, false],
    [{ chat_template_kwargs: { enable_thinking: false } }, false],
    [{ enable_thinking: true }, true],
  ])('switch thinking: %j', (fields, enable_thinking) => {
    expect(convert(fields).extra_body).toEqual({ enable_thinking })
  })

  it.each([
    [{ n: 2 }, 'n'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ functions: [{ name: 'f' }] }, 'functions'],
    [{ audio: { format: 'wav', voice: 'x' } }, 'audio'],
    [{ web_search_options: {} }, 'web_search_options'],
    [{ response_format: { type: 'xml' } }, 'response_format.type'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ tools: [], tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice'],
    [{ tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
    [{ tools: [{ type: 'function', function: { name: 'no name' } }] }, 'tools[0].function.name'],
    [
      { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'maybe' },
      'tool_choice',
    ],
    [{ tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'tools[0].type'],
    [
      {
        tools: [{ type: 'function', function: { name: 'f' } }],
        tool_choice: { type: 'function', function: { name: 'other' } },
      },
      'tool_choice',
    ],
  ])('that could only be ignored are refused by name: %j', (fields, param) => {
    expect(() => convert(fields)).toThrow(expect.objectContaining({ status: 400, param }))
  })
})

describe('calls of tools in the history', () => {
  const call = (id: string, name: string) => ({
    id,
    type: 'function',
    function: { name, arguments: '{"a":1}' },
  })
  const history = [
    user('1+1?'),
    { role: 'assistant', content: 'Hm.', tool_calls: [call('a', 'add'), call('b', 'sum')] },
    { role: 'tool', tool_call_id: 'a', content: '2' },
    { role: 'tool', tool_call_id: 'b', content: '3' },
  ]
  const written = ['add', 'sum'].map(
    (name) => `<tool_call>\n{"name": "${name}", "arguments": {"a":1}}\n</tool_call>`,
  )
  const results = '<tool_response>\n2\n</tool_response>\n<tool_response>\n3\n</tool_response>'

  it.each([
    ['Qwen3-4B-q4f16_1-MLC', { role: 'user', content: results }],
    ['Hermes-3-Llama-3.1-8B-q4f16_1-MLC', { role: 'tool', content: results, tool_call_id: 'a' }],
  ])('are as %s was trained on them', (model_id, last) => {
    const own = { ...record, model_id }
    const [question, answer, result, ...rest] = convert({ messages: history }, own).messages
    expect(question).toEqual(user('1+1?'))
    expect(answer).toEqual({ role: 'assistant', content: ['Hm.', ...written].join('\n') })
    expect(result).toEqual(last)
    expect(rest).toEqual([])
  })

  it('have their results in their own order, which is not always that of the client', () => {
    const [question, answer, first, second] = history
    const stray = { role: 'tool', tool_call_id: 'x', content: '4' }
    const turn = [question, answer, stray, second, first]
    const { messages } = convert({ messages: [...turn, ...turn] }, caller)
    const content = `${results}\n<tool_response>\n4\n</tool_response>`
    const result = { role: 'tool', content, tool_call_id: 'a' }
    expect(messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'user',
      'assistant',
      'tool',
    ])
    expect([messages[2], messages[5]]).toEqual([result, result])
  })

  it('are as Llama 3.1 was trained on them', () => {
    const own = { ...record, model_id: 'Llama-3.1-8B-Instruct-q4f16_1-MLC' }
    const { messages } = convert({ messages: history }, own)
    expect(messages[1]?.content).toContain('{"name": "add", "parameters": {"a":1}}')
    expect(messages[2]).toEqual({ role: 'tool', content: '2\n3', tool_call_id: 'a' })
  })

  it('come after what the client says to the system', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const list = [{ role: 'system', content: 'Be brief.' }, user('x')]
    const [system, ...rest] = convert({ messages: list, tools }, caller).messages
    expect(system?.content).toMatch(/^Be brief\.\n\n# Tools\n/)
    expect(rest).toEqual([user('x')])
  })
})

describe('what is the upstream’s to judge elsewhere', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ temperature: 'hot' }, 'temperature'],
    [{ temperature: 3 }, 'temperature'],
    [{ logit_bias: [['a', 1]] }, 'logit_bias'],
    [{ messages: [user(null)] }, 'messages[0].content'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [] }, 'messages'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].function'],
  ])('is judged by field: %j', (fields, param) => {
    expect(() => convert(fields)).toThrow(expect.objectContaining({ status: 400, param }))
  })

  it('integers of many digits are numbers', () => {
    const bytes = new TextEncoder().encode('{"seed":18446744073709551615}')
    const { seed } = parseExact(bytes, scanJson(bytes), decodeText) as {
      seed: unknown
    }
    expect(typeof seed).toBe('object')
    expect(convert({ seed })).toMatchObject({ seed: 2 ** 64 })
  })
})
