import { describe, expect, it } from 'vitest'
import { toMlcRequest } from '../../../../src/engines/webllm/chat-request.ts'
import { type ChatRequest, parseChatRequest } from '../../../../src/wire/chat/request.ts'
import { parseExact } from '../../../../src/wire/json/exact-integers.ts'
import { scanJson } from '../../../../src/wire/json/scan.ts'
import { decodeText } from '../../../../src/wire/sse/sse.ts'
import { record } from '../../../support/mlc.ts'

const vision = { ...record, model_type: 2 }
const user = (content: unknown) => ({ role: 'user', content })

function convert(request: Record<string, unknown>, model = record) {
  const full = { messages: [user('Hello')], ...request }
  return toMlcRequest(parseChatRequest(full) as ChatRequest, model)
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
    expect(convert({ tools, tool_choice: 'none' }).tools).toBeUndefined()
    expect(convert({ tools: [] }).tools).toBeUndefined()
    expect(convert({ tools }).tools).toEqual(tools)
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
    [
      { tools: [{ type: 'function', function: { name: 'f' } }], parallel_tool_calls: false },
      'parallel_tool_calls',
    ],
    [{ tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'tools[0].type'],
    [
      {
        tools: [{ type: 'function', function: { name: 'f' } }],
        tool_choice: { type: 'function', function: { name: 'f' } },
      },
      'tool_choice',
    ],
  ])('that could only be ignored are refused by name: %j', (fields, param) => {
    expect(() => convert(fields)).toThrow(expect.objectContaining({ status: 400, param }))
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
    const { seed } = parseExact(bytes, scanJson(bytes).longIntegers, decodeText) as {
      seed: unknown
    }
    expect(typeof seed).toBe('object')
    expect(convert({ seed })).toMatchObject({ seed: 2 ** 64 })
  })
})
