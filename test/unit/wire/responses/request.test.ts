import fc from 'fast-check'
import type { ResponseCreateParams } from 'openai/resources/responses/responses'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import {
  parseResponsesRequest,
  ResponsesRequestSchema,
} from '../../../../src/wire/responses/request.ts'
import type { Samples } from '../chat/fields.ts'
import { fields } from './fields.ts'

/** What the translation refuses by name, or passes on as it is. */
const elsewhere = [
  'access_programs',
  'context_management',
  'conversation',
  'image',
  'moderation',
  'prompt',
  'prompt_cache_options',
] as const

// Fails to compile when OpenAI's package knows a field that the table does not.
type Known = keyof typeof fields | (typeof elsewhere)[number]
type Missing = Exclude<keyof ResponseCreateParams, Known>
const allKnown: [Missing] extends [never] ? true : Missing = true

function refusal(body: unknown): ApiError {
  try {
    parseResponsesRequest(body)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error(`accepted: ${JSON.stringify(body)}`)
}

describe('the fields of a request', () => {
  it('are all of OpenAI’s', () => {
    expect(allKnown).toBe(true)
    const schema = z.toJSONSchema(ResponsesRequestSchema) as { properties: object }
    expect(Object.keys(schema.properties).sort()).toEqual(Object.keys(fields).sort())
  })

  for (const [field, { right, wrong }] of Object.entries<Samples>(fields)) {
    it.each(right.map((value) => [value]))(`${field}: %j passes`, (value) => {
      const body = { input: 'hi', [field]: value }
      expect(parseResponsesRequest(body)).toBe(body)
    })
    it.each(wrong)(`${field}: %j does not, and %s is named`, (value, path) => {
      const error = refusal({ input: 'hi', [field]: value })
      expect(error).toMatchObject({ status: 400, param: path, code: 'invalid_value' })
      expect(error.message.startsWith(`${path}: expected `)).toBe(true)
    })
    it.runIf(field !== 'input')(`${field}: null stands for nothing`, () => {
      expect(parseResponsesRequest({ input: 'hi', [field]: null })).toBeDefined()
    })
  }

  it('that are not OpenAI’s pass', () => {
    const body = { input: 'hi', top_k: 40 }
    expect(parseResponsesRequest(body)).toBe(body)
  })

  it.each([[{}], [{ input: null }], [{ input: [] }]])('need input: %j', (body) => {
    expect(refusal(body)).toMatchObject({ param: 'input' })
    expect(parseResponsesRequest({ ...body, previous_response_id: 'resp_1' })).toBeDefined()
  })
})

it('any body is a request or is refused with 400', () => {
  const part = fc.record({ type: fc.string(), text: fc.jsonValue(), image_url: fc.jsonValue() })
  const item = fc.record(
    {
      type: fc.oneof(fc.constantFrom('message', 'function_call', 'reasoning'), fc.jsonValue()),
      role: fc.oneof(fc.constantFrom('user', 'assistant'), fc.jsonValue()),
      content: fc.oneof(fc.array(part), fc.jsonValue()),
      call_id: fc.jsonValue(),
      id: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const near = fc.record(
    {
      input: fc.oneof(fc.array(item), fc.jsonValue()),
      tools: fc.jsonValue(),
      tool_choice: fc.jsonValue(),
      text: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const property = fc.property(fc.oneof(near, fc.jsonValue()), (body) => {
    try {
      parseResponsesRequest(body)
    } catch (error) {
      expect(error).toBeInstanceOf(ApiError)
      expect((error as ApiError).status).toBe(400)
    }
  })
  fc.assert(property, { numRuns: 500 })
})
