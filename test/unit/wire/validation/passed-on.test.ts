import { describe, expect, it } from 'vitest'
import { requireChat } from '../../../../src/wire/chat/known-fields.ts'
import { parseChatRequest } from '../../../../src/wire/chat/request.ts'
import {
  parseTextRequest,
  promptsOf,
  requireText,
} from '../../../../src/wire/completions/request.ts'
import { parseEmbeddingRequest, requireEmbedding } from '../../../../src/wire/embeddings/request.ts'
import { parseMessagesRequest } from '../../../../src/wire/messages/request.ts'
import { inputsOf } from '../../../../src/wire/validation/inputs.ts'
import { refusal } from '../chat/refusal.ts'

const messages = [{ role: 'user', content: 'x' }]
const call = { type: 'function', function: { name: 'f', arguments: { a: 1 } } }

/** What an upstream may take though OpenAI does not: each passes as it is, and no further here. */
const chats: Record<string, unknown>[] = [
  { temperature: 3 },
  { temperature: 'hot' },
  { top_p: 1.5 },
  { frequency_penalty: 5, presence_penalty: -5 },
  {
    logit_bias: [
      ['Hello', -1],
      [15043, false],
    ],
  },
  { logit_bias: { 15043: false } },
  { max_tokens: 1.5, max_completion_tokens: 'all' },
  { stop: { token: 1 } },
  { user: 5 },
  { metadata: { a: 1, b: { c: [] } } },
  { verbosity: 'chatty', service_tier: 'ultrafast' },
  { reasoning_effort: { level: 1 } },
  { prompt_cache_retention: '1h' },
  { modalities: 'text' },
  { tools: [{ type: 'function', name: 'f' }], tool_choice: 'maybe' },
  { response_format: 'json' },
  { response_format: { type: 'json_schema', json_schema: { schema: [] } } },
  { messages: [] },
  { messages: [{ role: 'robot', content: 'x' }] },
  { messages: [{ role: 'user', content: null }] },
  { messages: [{ role: 'user' }, {}] },
  { messages: [{ role: 'assistant', tool_calls: [call] }] },
  { messages: [{ role: 'tool', content: { a: 1 } }] },
  { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { url: 'x' } }] }] },
]

describe('a chat', () => {
  it.each(chats)('passes to an upstream with %j, which an engine here refuses', (fields) => {
    const body = { messages, ...fields }
    const copy = structuredClone(body)
    expect(parseChatRequest(body)).toBe(body)
    expect(body).toEqual(copy)
    expect(refusal(body).status).toBe(400)
  })

  it.each<[Record<string, unknown>, string]>([
    [{ messages: undefined }, 'messages'],
    [{ messages: 'x' }, 'messages'],
    [{ messages: ['x'] }, 'messages[0]'],
    [{ messages: [...messages, null] }, 'messages[1]'],
    [{ model: 5 }, 'model'],
    [{ stream: 'true' }, 'stream'],
    [{ stream_options: true }, 'stream_options'],
    [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
    [{ n: 0 }, 'n'],
    [{ n: 129 }, 'n'],
    [{ n: 1.5 }, 'n'],
  ])('is refused where what is relied on is wrong: %j', (fields, param) => {
    expect(refusal({ messages, ...fields }, parseChatRequest)).toMatchObject({ status: 400, param })
  })

  it('has a schema beside its type moved to where OpenAI has it', () => {
    const schema = { type: 'object' }
    const format = { type: 'json_schema', schema, strict: true }
    const body = { messages, response_format: { ...format, json_schema: null } }
    const moved = { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } }
    expect(parseChatRequest(body).response_format).toEqual(moved)
    const named = { messages, response_format: { ...format, name: 'own' } }
    expect(parseChatRequest(named).response_format).toMatchObject({ json_schema: { name: 'own' } })
    expect(requireChat({ messages, response_format: moved } as never)).toBeDefined()
  })
})

describe('a text completion', () => {
  it.each([
    [{ prompt: [12, 'text', 34] }, 1],
    [{ prompt: ['text', 12] }, 1],
    [{ prompt: ['a', [1, 'b']] }, 2],
    [{ prompt: { prompt_string: 'a', multimodal_data: ['AA'] } }, 1],
    [{ prompt: [] }, 0],
    [{}, 1],
    [{ prompt: 'a', best_of: 0 }, 1],
    [{ prompt: 'a', n: 3, best_of: 2 }, 1],
    [{ prompt: 'a', logprobs: true, echo: 'yes', suffix: 1, user: {} }, 1],
  ])('passes to an upstream, and its prompts are counted: %j', (body, count) => {
    const request = parseTextRequest(body)
    expect(request).toBe(body)
    expect(promptsOf(request)).toHaveLength(count)
    expect(refusal(body, requireText).status).toBe(400)
  })

  it.each<[unknown, string]>([
    [{ prompt: 5 }, 'prompt'],
    [{ prompt: 'a', stream: 'yes' }, 'stream'],
    [{ prompt: 'a', n: 0 }, 'n'],
  ])('is refused where what is relied on is wrong: %j', (body, param) => {
    expect(refusal(body, parseTextRequest)).toMatchObject({ status: 400, param })
  })
})

describe('embeddings', () => {
  it.each([
    [{ input: '' }, 1],
    [{ input: [1, 'text'] }, 1],
    [{ input: [['a', 1], { prompt_string: 'a' }] }, 2],
    [{ input: 'a', user: 5 }, 1],
  ])('pass to an upstream: %j', (body, count) => {
    expect(parseEmbeddingRequest(body)).toBe(body)
    expect(inputsOf(body.input as never)).toHaveLength(count)
    expect(refusal(body, requireEmbedding).status).toBe(400)
  })

  it.each<[unknown, string]>([
    [{}, 'input'],
    [{ input: 5 }, 'input'],
    [{ input: 'a', encoding_format: 'bits' }, 'encoding_format'],
    [{ input: 'a', dimensions: 0 }, 'dimensions'],
  ])('are refused where what is relied on is wrong: %j', (body, param) => {
    expect(refusal(body, parseEmbeddingRequest)).toMatchObject({ status: 400, param })
  })
})

it('a Messages request passes with other ranges', () => {
  const body = {
    ...{ model: 'm', max_tokens: 5, messages, temperature: 3, top_p: 2, top_k: -1 },
    ...{ metadata: { user_id: 5 }, thinking: { type: 'enabled', budget_tokens: 0 } },
  }
  expect(parseMessagesRequest(body)).toBe(body)
})
