/**
 * Requests of the chat API. Names and types are those of OpenAI's OpenAPI description 2.3.0, and wider
 * where local servers are known to accept more. A request is forwarded to an upstream unchanged: only
 * the fields that sluice itself uses are checked. An optional field may be null.
 */

import * as z from 'zod/mini'
import { isObject } from '../../util/object.ts'
import { withNumbers } from '../json/exact-integers.ts'
import {
  everyValue,
  type Fields,
  fieldChecker,
  flag,
  integer,
  relied,
  sampling,
} from '../validation/fields.ts'
import { type ChatMessage, MessageSchema, TextPartSchema, tagged, text } from './message.ts'

export type * from './answer.ts'
export type * from './message.ts'

/** A tool that the model may call: `{ type: 'function', function: { name, parameters } }`. */
export interface Tool {
  type: string
  [field: string]: unknown
}

/**
 * The body of `POST /v1/chat/completions`. In a request to an upstream, only `messages`, `model`,
 * `stream`, `stream_options` and `n` are sure to have these types.
 */
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

/** What a stream is to hold besides the answer. */
export interface StreamOptions {
  include_usage?: boolean | null
  include_obfuscation?: boolean | null
  [field: string]: unknown
}

export const dictionary = z.looseObject({})

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

/** The fields that sluice itself uses: it needs each message to be an object. */
export const reliedChatFields = {
  messages: () => z.array(dictionary, 'an array of messages'),
  ...relied,
} satisfies Fields

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

const check = fieldChecker(reliedChatFields, 'messages')
const checkAll = fieldChecker(chatFields, 'messages')

/**
 * Checks the fields of a parsed body that sluice itself uses. Returns the same object, not a copy, so
 * that no field is lost. Throws an `ApiError` (400) that names the first wrong field.
 */
export function parseChatRequest(body: unknown): ChatRequest {
  check(body)
  const request = body as ChatRequest
  moveSchema(request)
  return request
}

/**
 * The request for an engine in sluice itself: all fields are checked, and integers are numbers. Throws
 * an `ApiError` (400) that names the first wrong field.
 */
export function requireChat(request: ChatRequest): ChatRequest {
  const plain = withNumbers(request)
  checkAll(plain)
  return plain
}

/** Moves a schema from where llama-server expects it, beside the type, to where OpenAI does. */
function moveSchema(request: ChatRequest): void {
  const format = request.response_format
  if (!isObject(format) || format.type !== 'json_schema' || format.json_schema != null) return
  if (!isObject(format.schema)) return
  const { type, json_schema: _none, ...own } = format
  request.response_format = { type, json_schema: { name: 'answer', ...own } }
}
