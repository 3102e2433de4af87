/**
 * What a client of the chat API asks. Names, forms and ranges are those of OpenAI's OpenAPI
 * description 2.3.0, wider where local servers are known to take more; fields and part types it
 * does not know pass through everywhere, and null stands for an optional field left out.
 */

import * as z from 'zod/mini'
import { invalid } from './invalid.ts'
import { type ChatMessage, MessageSchema, TextPartSchema, tagged, text } from './message.ts'
import { isObject } from './object.ts'

export type * from './completion.ts'
export type * from './message.ts'

export interface Tool {
  type: string
  [field: string]: unknown
}

/** The body of `POST /v1/chat/completions`. What is not named here is checked, and passes, too. */
export interface ChatRequest {
  messages: ChatMessage[]
  model?: string | null
  stream?: boolean | null
  stream_options?: StreamOptions | null
  /** Tokens. Local servers read -1 as "no limit". */
  max_tokens?: number | null
  /** Tokens, reasoning included; the newer name of `max_tokens`. */
  max_completion_tokens?: number | null
  n?: number | null
  stop?: string | string[] | null
  temperature?: number | null
  top_p?: number | null
  seed?: number | null
  tools?: Tool[] | null
  [field: string]: unknown
}

export interface StreamOptions {
  include_usage?: boolean | null
  include_obfuscation?: boolean | null
  [field: string]: unknown
}

// Every check aborts: where one branch of a union fails by a check alone, zod would report only that
// branch, though another may be the one that was meant. The messages are expectations, for invalid().
export function within(low: number, high: number) {
  const error = `a number from ${low} to ${high}`
  const rule = { error, abort: true }
  return z.number(error).check(z.gte(low, rule), z.lte(high, rule))
}

export function integer(low: number, high = Number.MAX_SAFE_INTEGER) {
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`
  const rule = { error: `an integer ${range}`, abort: true }
  return z.int(rule.error).check(z.gte(low, rule), z.lte(high, rule))
}

export const flag = z.nullish(z.boolean())
export const dictionary = z.looseObject({})

// Not z.record(), which goes on past the first fault and overflows the stack with a great many.
export function everyValue(schema: z.ZodMiniType) {
  return z.catchall(z.object({}), schema)
}

const definition = z.looseObject({
  name: z.string(),
  description: text,
  parameters: z.nullish(dictionary),
  strict: flag,
})

const ToolSchema = tagged(
  z.looseObject({ type: z.literal('function'), function: definition }),
  z.looseObject({
    type: z.literal('custom'),
    custom: z.looseObject({
      name: z.string(),
      description: text,
      format: z.nullish(
        tagged(
          z.looseObject({ type: z.literal('text') }),
          z.looseObject({
            type: z.literal('grammar'),
            grammar: z.looseObject({ definition: z.string(), syntax: z.enum(['lark', 'regex']) }),
          }),
        ),
      ),
    }),
  }),
)

const named = z.looseObject({ name: z.string() })

const ToolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  tagged(
    z.looseObject({ type: z.literal('function'), function: named }),
    z.looseObject({ type: z.literal('custom'), custom: named }),
    z.looseObject({
      type: z.literal('allowed_tools'),
      allowed_tools: z.looseObject({
        mode: z.enum(['auto', 'required']),
        tools: z.array(dictionary),
      }),
    }),
  ),
])

const ResponseFormatSchema = tagged(
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    // OpenAI requires the name; llama-server and Ollama do without.
    json_schema: z.looseObject({
      name: text,
      description: text,
      schema: z.nullish(dictionary),
      strict: flag,
    }),
  }),
)

const mode = z.nullish(z.looseObject({ mode: z.enum(['score', 'block']) }))
const place = z.looseObject({ city: text, country: text, region: text, timezone: text })

const fields = {
  messages: z
    .array(MessageSchema, 'a non-empty array')
    .check(z.minLength(1, { error: 'a non-empty array', abort: true })),
  model: text,
  stream: flag,
  stream_options: z.nullish(z.looseObject({ include_usage: flag, include_obfuscation: flag })),
  audio: z.nullish(
    z.looseObject({
      format: z.enum(['wav', 'aac', 'mp3', 'flac', 'opus', 'pcm16']),
      voice: z.union([z.string(), z.looseObject({ id: z.string() })]),
    }),
  ),
  frequency_penalty: z.nullish(within(-2, 2)),
  function_call: z.nullish(z.union([z.enum(['none', 'auto']), named])),
  functions: z.nullish(z.array(definition)),
  logit_bias: z.nullish(everyValue(within(-100, 100))),
  logprobs: flag,
  max_completion_tokens: z.nullish(integer(-1)),
  max_tokens: z.nullish(integer(-1)),
  metadata: z.nullish(everyValue(z.string())),
  modalities: z.nullish(z.array(z.string())),
  moderation: z.nullish(
    z.looseObject({
      model: z.string(),
      policy: z.nullish(z.looseObject({ input: mode, output: mode })),
    }),
  ),
  n: z.nullish(integer(1, 128)),
  parallel_tool_calls: flag,
  prediction: z.nullish(
    tagged(
      z.looseObject({
        type: z.literal('content'),
        content: z.union([z.string(), z.array(TextPartSchema)]),
      }),
    ),
  ),
  presence_penalty: z.nullish(within(-2, 2)),
  prompt_cache_key: text,
  prompt_cache_options: z.nullish(
    z.looseObject({ mode: z.nullish(z.enum(['implicit', 'explicit'])), ttl: text }),
  ),
  // Older clients write it with a dash.
  prompt_cache_retention: z.nullish(z.enum(['in_memory', 'in-memory', '24h'])),
  // OpenAI: none, minimal, low, medium, high, xhigh, max. Local servers have their own.
  reasoning_effort: text,
  response_format: z.nullish(ResponseFormatSchema),
  safety_identifier: text,
  // Not z.int(), which ends at 2^53: clients draw seeds of 64 bits.
  seed: z.nullish(
    z.number('an integer').check(z.multipleOf(1, { error: 'an integer', abort: true })),
  ),
  service_tier: z.nullish(z.enum(['auto', 'default', 'flex', 'scale', 'priority', 'fast'])),
  // OpenAI takes four; local servers any number.
  stop: z.nullish(z.union([z.string(), z.array(z.string())])),
  store: flag,
  temperature: z.nullish(within(0, 2)),
  tool_choice: z.nullish(ToolChoiceSchema),
  tools: z.nullish(z.array(ToolSchema)),
  // OpenAI ends at 20; local servers need not.
  top_logprobs: z.nullish(integer(0)),
  top_p: z.nullish(within(0, 1)),
  user: text,
  verbosity: z.nullish(z.enum(['low', 'medium', 'high'])),
  web_search_options: z.nullish(
    z.looseObject({
      search_context_size: z.nullish(z.enum(['low', 'medium', 'high'])),
      user_location: z.nullish(
        z.looseObject({ type: z.literal('approximate'), approximate: place }),
      ),
    }),
  ),
}

export const ChatRequestSchema: z.ZodMiniType<ChatRequest> = z.looseObject(fields)

const fieldList = Object.entries(fields)

/**
 * The request in a parsed body, checked: the very object, not a copy, so that nothing of it is lost.
 * Throws an `ApiError` (400) that names the first wrong field.
 */
export function parseChatRequest(body: unknown): ChatRequest {
  // Stopping at the first fault keeps a body of a million faults from costing a million issues.
  const early: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true }
  if (!isObject(body))
    throw invalid(z.safeParse(ChatRequestSchema, body, early).error?.issues ?? [], body)
  const issues: z.core.$ZodIssue[] = []
  // Field by field: a request has a few of the forty, and those it lacks cost nothing.
  for (const [field, schema] of fieldList) {
    if (field !== 'messages' && !Object.hasOwn(body, field)) continue
    const [issue] = z.safeParse(schema, body[field], early).error?.issues ?? []
    if (issue) issues.push({ ...issue, path: [field, ...issue.path] })
  }
  if (issues.length > 0) throw invalid(issues, body)
  return body as unknown as ChatRequest
}
