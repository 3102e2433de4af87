/**
 * Requests of OpenAI's Responses API. Names, types and ranges are those of its OpenAPI description
 * 2.3.0. An optional field may be null. Unknown fields are a server's own, and are passed on.
 */

import * as z from 'zod/mini'
import { isObject } from '../../util/object.ts'
import { tagged } from '../chat/message.ts'
import { dictionary } from '../chat/request.ts'
import { badRequest } from '../errors/api-error.ts'
import { flag, text } from '../validation/fields.ts'
import { checking, invalid } from '../validation/invalid.ts'
import { itemSchema } from './items.ts'
import { ToolChoiceSchema, ToolSchema } from './tools.ts'

export type * from './answer.ts'
export type * from './items.ts'

export interface ResponseTool {
  type: string
  name?: string
  description?: string | null
  parameters?: Record<string, unknown> | null
  strict?: boolean | null
  [field: string]: unknown
}

/** The required format of the answer. */
export interface ResponseFormat {
  type: string
  name?: string
  description?: string | null
  schema?: Record<string, unknown>
  strict?: boolean | null
  [field: string]: unknown
}

export type ResponseToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | {
      type: string
      name?: string | undefined
      mode?: 'auto' | 'required'
      tools?: { type: string; name?: string | undefined }[]
    }

/** The body of `POST /v1/responses`. Other fields are passed on. */
export interface ResponsesRequest {
  model?: string | null
  /** A text, or items. */
  input?: string | unknown[] | null
  instructions?: string | null
  previous_response_id?: string | null
  tools?: ResponseTool[] | null
  tool_choice?: ResponseToolChoice | null
  parallel_tool_calls?: boolean | null
  text?: { format?: ResponseFormat | null; verbosity?: string | null } | null
  reasoning?: {
    effort?: string | null
    summary?: string | null
    generate_summary?: string | null
  } | null
  /** Tokens, reasoning included. */
  max_output_tokens?: number | null
  max_tool_calls?: number | null
  temperature?: number | null
  top_p?: number | null
  top_logprobs?: number | null
  include?: string[] | null
  /** Strings by name. */
  metadata?: Record<string, unknown> | null
  truncation?: 'auto' | 'disabled' | null
  service_tier?: string | null
  user?: string | null
  store?: boolean | null
  background?: boolean | null
  stream?: boolean | null
  [field: string]: unknown
}

const Format = tagged(
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    name: z.string(),
    description: text,
    schema: dictionary,
    strict: flag,
  }),
)

// A response repeats these: their type is checked here, their range is for the upstream to check.
const number = z.nullish(z.number())

export const responsesFields = {
  background: flag,
  // What can be included is for the server to decide; without it the answer is still valid.
  include: z.nullish(z.array(z.string())),
  input: z.nullish(z.union([z.string(), z.array(dictionary)])),
  instructions: text,
  max_output_tokens: number,
  max_tool_calls: number,
  metadata: z.nullish(dictionary),
  model: text,
  parallel_tool_calls: flag,
  previous_response_id: text,
  prompt_cache_key: text,
  prompt_cache_retention: text,
  // Which efforts exist is for the server to decide.
  reasoning: z.nullish(z.looseObject({ effort: text, summary: text, generate_summary: text })),
  safety_identifier: text,
  service_tier: text,
  store: flag,
  stream: flag,
  stream_options: z.nullish(z.looseObject({ include_obfuscation: flag })),
  temperature: number,
  text: z.nullish(
    z.looseObject({
      format: z.nullish(Format),
      verbosity: text,
    }),
  ),
  tool_choice: z.nullish(ToolChoiceSchema),
  tools: z.nullish(z.array(ToolSchema)),
  top_logprobs: number,
  top_p: number,
  truncation: z.nullish(z.enum(['auto', 'disabled'])),
  user: text,
}

export const ResponsesRequestSchema: z.ZodMiniType<ResponsesRequest> =
  z.looseObject(responsesFields)

/**
 * Checks a parsed body, and returns the same object, not a copy. Throws an `ApiError` (400) that names
 * the first wrong field.
 */
export function parseResponsesRequest(body: unknown): ResponsesRequest {
  if (!isObject(body)) throw invalid(issuesOf(ResponsesRequestSchema, body, []), body)
  const issues: z.core.$ZodIssue[] = []
  for (const [field, schema] of Object.entries(responsesFields)) {
    if (!Object.hasOwn(body, field)) continue
    const [issue] = issuesOf(schema, body[field], [field])
    if (issue) issues.push(issue)
  }
  if (issues.length > 0) throw invalid(issues, body)
  const request = body as ResponsesRequest
  checkInput(request)
  return request
}

/** Checks each item by its type: the error of a union of all of them would not say what is wrong. */
function checkInput(request: ResponsesRequest): void {
  const { input, previous_response_id } = request
  const isMissing =
    input === undefined || input === null || (Array.isArray(input) && input.length === 0)
  if (isMissing && !previous_response_id) {
    const came = Array.isArray(input) ? 'an empty array' : `${input ?? 'nothing'}`
    throw badRequest(
      `input: expected a string or a non-empty array of items, got ${came}.`,
      'input',
    )
  }
  if (!Array.isArray(input)) return
  for (const [at, item] of input.entries()) {
    const issues = issuesOf(itemSchema(item as Record<string, unknown>), item, ['input', at])
    if (issues.length > 0) throw invalid(issues, request)
  }
}

function issuesOf(schema: z.ZodMiniType, value: unknown, path: PropertyKey[]): z.core.$ZodIssue[] {
  const issues = z.safeParse(schema, value, checking).error?.issues ?? []
  return issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }))
}
