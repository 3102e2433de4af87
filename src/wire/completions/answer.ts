/**
 * The answer to `POST /v1/completions`, whole or as the chunks of a stream, as OpenAI's OpenAPI
 * description 2.3.0 defines it.
 */
import type { FinishReason, Usage } from '../chat/answer.ts'

/** Each list has one entry per token. */
export interface TextLogprobs {
  tokens?: string[] | null
  token_logprobs?: (number | null)[] | null
  top_logprobs?: (Record<string, number> | null)[] | null
  /** The offset of each token in the text, in characters. */
  text_offset?: number[] | null
  [field: string]: unknown
}

/** One of the answers to a text completion, or a delta of it. */
export interface TextChoice {
  /** The index among the answers to all prompts, which are in the order of the prompts. */
  index: number
  text: string
  logprobs: TextLogprobs | null
  finish_reason: FinishReason | null
  [field: string]: unknown
}

/** One event of a stream, or the answer without streaming. */
export interface TextChunk {
  id: string
  object: 'text_completion'
  /** Unix time in seconds. */
  created: number
  model: string
  choices: TextChoice[]
  /** In a stream only on the last event and only on request. */
  usage?: Usage | null
  [field: string]: unknown
}
