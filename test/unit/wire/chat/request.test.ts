import fc from 'fast-check'
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { chatFields, requireChat } from '../../../../src/wire/chat/known-fields.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { bodySchema } from '../../../../src/wire/validation/fields.ts'
import { fields, type Samples } from './fields.ts'
import { refusal } from './refusal.ts'

const messages = [{ role: 'user', content: 'hi' }]

function numbered(count: number, value: unknown): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, value]))
}

// Fails to compile when OpenAI's package knows a field that the table does not.
type Missing = Exclude<keyof ChatCompletionCreateParams, 'messages' | keyof typeof fields>
const allKnown: [Missing] extends [never] ? true : Missing = true

describe('the fields of a chat request', () => {
  it('are all of OpenAI’s', () => {
    expect(allKnown).toBe(true)
    const schema = z.toJSONSchema(bodySchema(chatFields)) as { properties: object }
    expect(Object.keys(schema.properties).sort()).toEqual(
      [...Object.keys(fields), 'messages'].sort(),
    )
  })

  for (const [field, { right, wrong }] of Object.entries<Samples>(fields)) {
    it.each([...right, null, undefined])(`${field}: %j passes`, (value) => {
      const body = { messages, [field]: value } as ChatRequest
      expect(requireChat(body)).toBe(body)
    })
    it.each(wrong)(`${field}: %j does not, and %s is named`, (value, path) => {
      const error = refusal({ messages, [field]: value })
      expect(error).toMatchObject({ status: 400, param: path, code: 'invalid_value' })
      expect(error.message.startsWith(`${path}: expected `)).toBe(true)
    })
  }

  it('that are not OpenAI’s pass', () => {
    const body = {
      messages,
      top_k: 40,
      chat_template_kwargs: { enable_thinking: false },
    } as ChatRequest
    expect(requireChat(body)).toBe(body)
  })
})

describe('any body', () => {
  const near = fc.record(
    {
      messages: fc.oneof(fc.jsonValue(), fc.array(fc.dictionary(fc.string(), fc.jsonValue()))),
      metadata: fc.dictionary(fc.string({ maxLength: 200 }), fc.jsonValue()),
      tools: fc.array(fc.record({ type: fc.string(), function: fc.jsonValue() })),
      tool_choice: fc.jsonValue(),
      stop: fc.string({ unit: 'binary', maxLength: 200 }),
      verbosity: fc.string({ unit: 'binary', maxLength: 200 }),
    },
    { requiredKeys: [] },
  )
  const content = fc.record({
    messages: fc.array(
      fc.record({
        role: fc.constantFrom('user', 'assistant', 'tool', 'usr'),
        content: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record({
              type: fc.constantFrom('text', 'image_url', 'file', 'video_url'),
              text: fc.jsonValue(),
              image_url: fc.jsonValue(),
            }),
          ),
        ),
      }),
    ),
  })

  it('parses as it is, or is one 400 of at most 300 characters', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), near, content), (value) => {
        const body: unknown = JSON.parse(JSON.stringify(value))
        let parsed: ChatRequest | undefined
        try {
          parsed = requireChat(body as ChatRequest)
        } catch (error) {
          if (!(error instanceof ApiError)) throw error
          expect(error.status).toBe(400)
          expect(error.message.length).toBeLessThanOrEqual(300)
          expect(error.message).toMatch(/: expected .+, got .+\.$/s)
        }
        if (parsed) expect(parsed).toBe(body)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['messages', { messages: new Array(1_000_000).fill(1) }],
    ['parts', { messages: [{ role: 'user', content: new Array(1_000_000).fill({}) }] }],
    ['tools', { messages, tools: new Array(1_000_000).fill({ type: 'function' }) }],
    ['texts', { messages, stop: new Array(1_000_000).fill(1) }],
    ['keys', { messages, metadata: numbered(300_000, 1) }],
    ['biases', { messages, logit_bias: numbered(300_000, 'x') }],
    ['unknown keys', { ...numbered(300_000, 'x'), messages: 1 }],
  ])('with a fault in each of very many %s is refused like any other', (_, body) => {
    expect(refusal(body).status).toBe(400)
  })

  it('keeps the keys that JavaScript reads specially', () => {
    const body: ChatRequest = JSON.parse(
      '{"messages":[{"role":"user","content":"x","__proto__":{"a":1}}],"constructor":1,"__proto__":2}',
    )
    expect(requireChat(body)).toBe(body)
    expect(refusal(JSON.parse('{"__proto__":{"messages":[]}}')).param).toBe('messages')
  })
})
