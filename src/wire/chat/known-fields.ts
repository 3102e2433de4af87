/** All fields of a chat request, for engines in sluice itself: an upstream judges most of them on its own. */
import * as z from 'zod/mini'
import { withNumbers } from '../json/exact-integers.ts'
import { type Fields, fieldChecker, flag, integer, text } from '../validation/fields.ts'
import { everyValue, sampling } from '../validation/sampling.ts'
import { MessageSchema, TextPartSchema, tagged } from './message.ts'
import { type ChatRequest, dictionary } from './request.ts'

function definition() {
  const parameters = z.nullish(dictionary)
  return z.looseObject({ name: z.string(), description: text, parameters, strict: flag })
}

function tool() {
  return tagged(
    z.looseObject({ type: z.literal('function'), function: definition() }),
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
}

function named() {
  return z.looseObject({ name: z.string() })
}

function toolChoice() {
  return z.union([
    z.enum(['none', 'auto', 'required']),
    tagged(
      z.looseObject({ type: z.literal('function'), function: named() }),
      z.looseObject({ type: z.literal('custom'), custom: named() }),
      z.looseObject({
        type: z.literal('allowed_tools'),
        allowed_tools: z.looseObject({
          mode: z.enum(['auto', 'required']),
          tools: z.array(dictionary),
        }),
      }),
    ),
  ])
}

function responseFormat() {
  return tagged(
    z.looseObject({ type: z.literal('text') }),
    z.looseObject({ type: z.literal('json_object') }),
    z.looseObject({
      type: z.literal('json_schema'),
      // OpenAI requires the name; llama-server and Ollama do not.
      json_schema: z.looseObject({
        name: text,
        description: text,
        schema: z.nullish(dictionary),
        strict: flag,
      }),
    }),
  )
}

function moderation() {
  const mode = z.nullish(z.looseObject({ mode: z.enum(['score', 'block']) }))
  const policy = z.nullish(z.looseObject({ input: mode, output: mode }))
  return z.nullish(z.looseObject({ model: z.string(), policy }))
}

function place() {
  return z.looseObject({ city: text, country: text, region: text, timezone: text })
}

/** All fields that an engine in sluice itself checks. */
export const chatFields = {
  messages: () =>
    z
      .array(MessageSchema, 'a non-empty array')
      .check(z.minLength(1, { error: 'a non-empty array', abort: true })),
  ...sampling,
  audio: () =>
    z.nullish(
      z.looseObject({
        format: z.enum(['wav', 'aac', 'mp3', 'flac', 'opus', 'pcm16']),
        voice: z.union([z.string(), z.looseObject({ id: z.string() })]),
      }),
    ),
  function_call: () => z.nullish(z.union([z.enum(['none', 'auto']), named()])),
  functions: () => z.nullish(z.array(definition())),
  logprobs: () => flag,
  max_completion_tokens: () => z.nullish(integer(-1)),
  metadata: () => z.nullish(everyValue(z.string())),
  modalities: () => z.nullish(z.array(z.string())),
  moderation,
  parallel_tool_calls: () => flag,
  prediction: () =>
    z.nullish(
      tagged(
        z.looseObject({
          type: z.literal('content'),
          content: z.union([z.string(), z.array(TextPartSchema)]),
        }),
      ),
    ),
  prompt_cache_key: () => text,
  prompt_cache_options: () =>
    z.nullish(z.looseObject({ mode: z.nullish(z.enum(['implicit', 'explicit'])), ttl: text })),
  // Older clients write it with a dash.
  prompt_cache_retention: () => z.nullish(z.enum(['in_memory', 'in-memory', '24h'])),
  // OpenAI: none, minimal, low, medium, high, xhigh, max. Local servers have their own.
  reasoning_effort: () => text,
  response_format: () => z.nullish(responseFormat()),
  safety_identifier: () => text,
  service_tier: () => text,
  store: () => flag,
  tool_choice: () => z.nullish(toolChoice()),
  tools: () => z.nullish(z.array(tool())),
  // At most 20 in OpenAI's API; local servers may allow more.
  top_logprobs: () => z.nullish(integer(0)),
  verbosity: () => z.nullish(z.enum(['low', 'medium', 'high'])),
  web_search_options: () =>
    z.nullish(
      z.looseObject({
        search_context_size: z.nullish(z.enum(['low', 'medium', 'high'])),
        user_location: z.nullish(
          z.looseObject({ type: z.literal('approximate'), approximate: place() }),
        ),
      }),
    ),
} satisfies Fields

const check = fieldChecker(chatFields, 'messages')

/**
 * The request for an engine in sluice itself: all fields are checked, and integers are numbers. Throws
 * an `ApiError` (400) that names the first wrong field.
 */
export function requireChat(request: ChatRequest): ChatRequest {
  const plain = withNumbers(request)
  check(plain)
  return plain
}
