/**
 * The answers of OpenAI's Responses API: a response, and the items of its output. Source: its OpenAPI
 * description 2.3.0.
 */

import { isObject } from '../../util/object.ts'
import type { Usage } from '../chat/answer.ts'
import { isTokenCount } from '../usage.ts'
import type { FunctionCallItem, ReasoningItem, ResponsePart } from './items.ts'

/** How far an item of the output is. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** How far a response is. */
export type ResponseStatus =
  | 'queued'
  | 'in_progress'
  | 'completed'
  | 'incomplete'
  | 'failed'
  | 'cancelled'

/** A message of the model in a response's output. */
export interface OutputMessage {
  type: 'message'
  id: string
  role: 'assistant'
  status: ItemStatus
  content: ResponsePart[]
}

/** An item of a response's output. */
export type OutputItem =
  | OutputMessage
  | (FunctionCallItem & { status: ItemStatus })
  | (ReasoningItem & { status: ItemStatus })

/** Token counts. */
export interface ResponseUsage {
  input_tokens: number
  input_tokens_details: { cached_tokens: number; cache_write_tokens: number }
  output_tokens: number
  output_tokens_details: { reasoning_tokens: number }
  total_tokens: number
}

/** `response`: the fields of the request, and the answer so far. */
export interface ResponseObject {
  id: string
  object: 'response'
  /** Unix time in seconds. */
  created_at: number
  completed_at: number | null
  status: ResponseStatus
  background: boolean
  error: {
    code: string
    message: string
    type: string
    param: string | null
    doc_url?: string
  } | null
  incomplete_details: { reason: 'max_output_tokens' | 'content_filter' } | null
  model: string
  output: OutputItem[]
  usage: ResponseUsage | null
  [field: string]: unknown
}

/** One event of a stream. */
export interface ResponseEvent {
  type: string
  [field: string]: unknown
}

/** One token with its log probability and its most likely alternatives. */
export interface TokenLogprob {
  token: string
  logprob: number
  bytes: number[]
  top_logprobs: { token: string; logprob: number; bytes: number[] }[]
}

/** Converts token counts to a chat's; undefined if there are none. */
export function fromResponseUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined
  const { input_tokens: input, output_tokens: output, total_tokens: total } = usage
  if (!isTokenCount(input) || !isTokenCount(output)) return undefined
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: isTokenCount(total) ? total : input + output,
    ...(isObject(usage.input_tokens_details) && {
      prompt_tokens_details: usage.input_tokens_details,
    }),
    ...(isObject(usage.output_tokens_details) && {
      completion_tokens_details: usage.output_tokens_details,
    }),
  }
}
