/**
 * What OpenAI's Responses API answers with: a response, and the items of its output. Names and forms
 * are those of its OpenAPI description 2.3.0.
 */

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

/** `response`: what was asked, and as much of the answer as there is. */
export interface ResponseObject {
  id: string
  object: 'response'
  /** Unix time in seconds. */
  created_at: number
  completed_at: number | null
  status: ResponseStatus
  background: boolean
  error: { code: string; message: string; type: string; param: string | null } | null
  incomplete_details: { reason: 'max_output_tokens' | 'content_filter' } | null
  model: string
  output: OutputItem[]
  usage: ResponseUsage | null
  [field: string]: unknown
}

/** One token, how likely it was, and its nearest rivals. */
export interface TokenLogprob {
  token: string
  logprob: number
  bytes: number[]
  top_logprobs: { token: string; logprob: number; bytes: number[] }[]
}
