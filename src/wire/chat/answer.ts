/**
 * The answers of the chat API: the chunks of a stream, and completions. Source: OpenAI's OpenAPI description
 * 2.3.0. Fields of a server's own are kept everywhere.
 */

import type { ToolCall } from './message.ts'

/** The reasons for the end of a choice. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call'

/** Token counts. */
export interface Usage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details?: { [field: string]: unknown } | null
  completion_tokens_details?: { [field: string]: unknown } | null
  [field: string]: unknown
}

/** A delta of a tool call; the deltas with the same `index` form one call. */
export interface ToolCallDelta {
  index: number
  id?: string
  type?: string
  function?: { name?: string; arguments?: string; [field: string]: unknown }
  custom?: { name?: string; input?: string; [field: string]: unknown }
  [field: string]: unknown
}

/** What is new in a choice: texts are pieces to be joined. */
export interface ChunkDelta {
  role?: string
  content?: string | null
  refusal?: string | null
  tool_calls?: ToolCallDelta[]
  function_call?: { name?: string; arguments?: string; [field: string]: unknown }
  /** The model's reasoning; not a field of OpenAI's, and servers use either name. */
  reasoning?: string | null
  reasoning_content?: string | null
  [field: string]: unknown
}

/** What one event brings for one choice. */
export interface ChunkChoice {
  index: number
  delta: ChunkDelta
  finish_reason: FinishReason | null
  logprobs?: Logprobs | null
  [field: string]: unknown
}

/** One event of a stream: `chat.completion.chunk`. */
export interface ChatChunk {
  id: string
  object: 'chat.completion.chunk'
  /** Unix time in seconds. */
  created: number
  model: string
  choices: ChunkChoice[]
  /** Only on the last chunk and only on request; null on the others. */
  usage?: Usage | null
  [field: string]: unknown
}

/** One entry per token, with its text, log probability, bytes and most likely alternatives. */
export interface Logprobs {
  content?: { [field: string]: unknown }[] | null
  refusal?: { [field: string]: unknown }[] | null
  [field: string]: unknown
}

/** What the model says in a whole completion. */
export interface CompletionMessage {
  role: 'assistant'
  content: string | null
  refusal?: string | null
  tool_calls?: (ToolCall & { id: string })[]
  function_call?: { name: string; arguments: string; [field: string]: unknown }
  reasoning?: string | null
  reasoning_content?: string | null
  [field: string]: unknown
}

/** One of the answers in a whole completion. */
export interface CompletionChoice {
  index: number
  message: CompletionMessage
  finish_reason: FinishReason
  logprobs?: Logprobs | null
  [field: string]: unknown
}

/** The answer without streaming: `chat.completion`. */
export interface ChatCompletion {
  id: string
  object: 'chat.completion'
  /** Unix time in seconds. */
  created: number
  model: string
  choices: CompletionChoice[]
  usage?: Usage | null
  [field: string]: unknown
}
