/**
 * The answer to `POST /v1/completions`, whole or as the chunks of a stream, as OpenAI's OpenAPI
 * description 2.3.0 defines it.
 */
import type { FinishReason, Usage } from '../chat/answer.ts'

/** One entry a token in each list. */
export interface TextLogprobs {
  tokens?: string[] | null
  token_logprobs?: (number | null)[] | null
  top_logprobs?: (Record<string, number> | null)[] | null
  /** Where each token begins in the text, characters. */
  text_offset?: number[] | null
  [field: string]: unknown
}

export interface TextChoice {
  /** Of the answers to a prompt, after those to the prompts before it. */
  index: number
  text: string
  logprobs: TextLogprobs | null
  finish_reason: FinishReason | null
  [field: string]: unknown
}

/** One event of a stream, whose texts are pieces, or the whole answer where no stream was asked for. */
export interface TextChunk {
  id: string
  object: 'text_completion'
  /** Unix time in seconds. */
  created: number
  model: string
  choices: TextChoice[]
  /** Of a stream only on the last event, only if asked for. */
  usage?: Usage | null
  [field: string]: unknown
}
