import { describe, expect, it } from 'vitest'
import { call, chatOf, f, g, go, output, refusal, tool } from './asked.ts'

describe('what is asked', () => {
  it.each<[string, object, object]>([
    ['a text', {}, { messages: [go] }],
    [
      'instructions first',
      { instructions: 'Be.' },
      { messages: [{ role: 'system', content: 'Be.' }, go] },
    ],
    ['a limit', { max_output_tokens: 9 }, { max_tokens: 9 }],
    ['an effort', { reasoning: { effort: 'low' } }, { reasoning_effort: 'low' }],
    [
      'a form',
      { text: { format: { type: 'json_object' } } },
      { response_format: { type: 'json_object' } },
    ],
    [
      'a schema',
      {
        text: {
          format: { type: 'json_schema', name: 'a', schema: {}, strict: true },
          verbosity: 'low',
        },
      },
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'a', schema: {}, strict: true },
        },
        verbosity: 'low',
      },
    ],
    [
      'tools',
      { tools: [f, g] },
      { tools: [tool('f', { parameters: { type: 'object' } }), tool('g')] },
    ],
    [
      'that they be called one by one',
      { parallel_tool_calls: false },
      { parallel_tool_calls: false },
    ],
    [
      'a certain tool',
      { tools: [f], tool_choice: { type: 'function', name: 'f' } },
      { tool_choice: tool('f') },
    ],
    ['any tool', { tools: [f], tool_choice: 'required' }, { tool_choice: 'required' }],
    [
      'some of the tools',
      {
        tools: [f, g],
        tool_choice: {
          type: 'allowed_tools',
          mode: 'required',
          tools: [{ type: 'function', name: 'g' }],
        },
      },
      { tools: [tool('g')], tool_choice: 'required' },
    ],
    ['log probabilities', { include: ['message.output_text.logprobs'] }, { logprobs: true }],
    ['the nearest tokens', { top_logprobs: 2 }, { logprobs: true, top_logprobs: 2 }],
    [
      'what both APIs name alike',
      {
        temperature: 1,
        top_p: 0.5,
        user: 'u',
        service_tier: 'auto',
        prompt_cache_key: 'k',
        seed: 3,
      },
      {
        temperature: 1,
        top_p: 0.5,
        user: 'u',
        service_tier: 'auto',
        prompt_cache_key: 'k',
        seed: 3,
      },
    ],
  ])('is %s', async (_, body, chat) => {
    expect(await chatOf(body)).toMatchObject(chat)
  })

  it('leaves nothing of the other API in it', async () => {
    const chat = await chatOf({
      background: false,
      client_metadata: { installation_id: 'i' },
      context_management: [{ type: 'compaction', compact_threshold: 9 }],
      include: ['reasoning.encrypted_content', 'x.y'],
      instructions: null,
      max_output_tokens: null,
      max_tool_calls: 3,
      metadata: { a: 'b' },
      parallel_tool_calls: null,
      reasoning: null,
      store: true,
      stream: false,
      stream_options: { include_obfuscation: true },
      text: null,
      tool_choice: null,
      tools: [],
      top_logprobs: 0,
      truncation: 'auto',
      user: null,
    })
    expect(chat).toEqual({ messages: [go], stream: false })
  })
})

describe('what can’t be honoured is refused', () => {
  const user = (part: object) => ({ input: [{ role: 'user', content: [part] }] })

  it.each<[string, object]>([
    ['tool_choice', { tools: [{ type: 'web_search' }], tool_choice: 'required' }],
    ['tool_choice.type', { tool_choice: { type: 'file_search' } }],
    ['tool_choice.name', { tools: [f], tool_choice: { type: 'function', name: 'h' } }],
    [
      'tool_choice.tools[0].name',
      {
        tools: [f],
        tool_choice: {
          type: 'allowed_tools',
          mode: 'auto',
          tools: [{ type: 'function', name: 'h' }],
        },
      },
    ],
    ['conversation', { conversation: { id: 'conv_1' } }],
    ['prompt', { prompt: { id: 'pmpt_1' } }],
    ['context_management[1].type', { context_management: [{ type: 'compaction' }, { type: 'x' }] }],
    ['context_management', { context_management: 'auto' }],
    ['container', { container: 'c' }],
    ['moderation', { moderation: { model: 'm' } }],
    ['truncation', { truncation: 'some' }],
    ['n', { n: 2 }],
    ['messages', { messages: [go] }],
    ['max_tokens', { max_tokens: 3 }],
    ['max_completion_tokens', { max_completion_tokens: 3 }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['reasoning_effort', { reasoning_effort: 'low' }],
    ['verbosity', { verbosity: 'low' }],
    ['functions', { functions: [] }],
    ['function_call', { function_call: 'auto' }],
    ['logprobs', { logprobs: true }],
    ['service_tier', { service_tier: 1 }],
    ['previous_response_id', { previous_response_id: 'resp_nobody' }],
    ['input[0].content[0].image_url', user({ type: 'input_image', file_id: 'file_1' })],
    ['input[0].content[0].file_data', user({ type: 'input_file', file_url: 'https://a.example' })],
    ['input[0].content[0].type', user({ type: 'image_url', image_url: 'x' })],
    [
      'input[0].content[0].type',
      { input: [{ role: 'assistant', content: [{ type: 'input_image' }] }] },
    ],
    ['input', { input: [{ type: 'web_search_call', id: 'ws_1' }] }],
    ['input', { input: [{ type: 'toString' }] }],
    ['input[1].call_id', { input: [call('a'), output('b')] }],
    ['input[0].encrypted_content', { input: [{ type: 'reasoning', encrypted_content: 'gAAAA' }] }],
    [
      'input[0].encrypted_content',
      { input: [{ type: 'reasoning', encrypted_content: 'sluice:%' }] },
    ],
  ])('%s in %j', async (field, body) => {
    const error = await refusal(body)
    expect(error).toMatchObject({ status: 400, param: field })
    expect(error.message.startsWith(`${field}: `)).toBe(true)
  })

  it('also what is not kept', async () => {
    const error = await refusal({ input: [{ type: 'item_reference', id: 'msg_nobody' }] })
    expect(error).toMatchObject({ status: 404, code: 'item_not_found', param: 'input[0].id' })
  })
})
