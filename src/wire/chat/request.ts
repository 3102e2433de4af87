/**
 * What a client of the chat API asks. Names and forms are those of OpenAI's OpenAPI description
 * 2.3.0, wider where local servers are known to take more. An upstream gets a request as it came: only
 * what is relied on here is checked. Null stands for an optional field left out.
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
 * The body of `POST /v1/chat/completions`. Of a request to an upstream all but `messages`, `model`,
 * `stream`, `stream_options` and `n` may be anything.
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
      // OpenAI requires the name; llama-server and Ollama do without.
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

/** What is relied on, whoever answers: that each message is an object. */
export const reliedChatFields = {
  messages: () => z.array(dictionary, 'an array of messages'),
  ...relied,
} satisfies Fields

/** All that an engine that runs here can judge. */
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
  // OpenAI ends at 20; local servers need not.
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
 * The request in a parsed body, checked as far as it is relied on: the very object, not a copy, so
 * that nothing of it is lost. Throws an `ApiError` (400) that names the first wrong field.
 */
export function parseChatRequest(body: unknown): ChatRequest {
  check(body)
  const request = body as ChatRequest
  moveSchema(request)
  return request
}

/**
 * The request for an engine that runs here, with all of its fields checked and its integers as
 * numbers. Throws an `ApiError` (400) that names the first wrong field.
 */
export function requireChat(request: ChatRequest): ChatRequest {
  const plain = withNumbers(request)
  checkAll(plain)
  return plain
}

/** A schema beside the type, where llama-server has it, goes to where OpenAI has it. */
function moveSchema(request: ChatRequest): void {
  const format = request.response_format
  if (!isObject(format) || format.type !== 'json_schema' || format.json_schema != null) return
  if (!isObject(format.schema)) return
  const { type, json_schema: _none, ...own } = format
  request.response_format = { type, json_schema: { name: 'answer', ...own } }
}
