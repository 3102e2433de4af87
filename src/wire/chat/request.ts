/**
 * Requests of the chat API. Names and types are those of OpenAI's OpenAPI description 2.3.0, and wider
 * where local servers are known to accept more. A request is forwarded to an upstream unchanged: only
 * the fields that sluice itself uses are checked. An optional field may be null.
 */

import * as z from 'zod/mini'
import { isObject } from '../../util/object.ts'
import { type Fields, fieldChecker, relied } from '../validation/fields.ts'
import type { ChatMessage } from './message.ts'

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

/** The fields that sluice itself uses: it needs each message to be an object. */
export const reliedChatFields = {
  messages: () => z.array(dictionary, 'an array of messages'),
  ...relied,
} satisfies Fields

const check = fieldChecker(reliedChatFields, 'messages')

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

/** Moves a schema from where llama-server expects it, beside the type, to where OpenAI does. */
function moveSchema(request: ChatRequest): void {
  const format = request.response_format
  if (!isObject(format) || format.type !== 'json_schema' || format.json_schema != null) return
  if (!isObject(format.schema)) return
  const { type, json_schema: _none, ...own } = format
  request.response_format = { type, json_schema: { name: 'answer', ...own } }
}
