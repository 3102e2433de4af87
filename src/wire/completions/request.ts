/**
 * `POST /v1/completions`, as OpenAI's OpenAPI description 2.3.0 has it, wider where local servers are
 * known to take more; fields it does not know pass.
 */
import * as z from 'zod/mini'
import { text } from '../chat/message.ts'
import type { StreamOptions } from '../chat/request.ts'
import { badRequest } from '../errors/api-error.ts'
import { withNumbers } from '../json/exact-integers.ts'
import { type Fields, fieldChecker, flag, integer, relied, sampling } from '../validation/fields.ts'
import { anyInputs, inputsOf, inputsSchema, type TextInputs } from '../validation/inputs.ts'

export type * from './answer.ts'

/**
 * The body of a request. Of one to an upstream all but `prompt`, `model`, `stream`, `stream_options`
 * and `n` may be anything.
 */
export interface TextRequest {
  /** Null is the beginning of a new document. An upstream may take other forms, mixed or with images. */
  prompt?: TextInputs | null
  model?: string | null
  stream?: boolean | null
  stream_options?: StreamOptions | null
  /** Whether each text begins with its prompt. */
  echo?: boolean | null
  /** What comes after the text that is asked for. */
  suffix?: string | null
  /** Answers to each prompt. */
  n?: number | null
  /** Answers that are made for each prompt, to give the `n` most likely ones. */
  best_of?: number | null
  /** How many likely tokens are told beside each one that was chosen. */
  logprobs?: number | null
  /** Tokens. Local servers read -1 as "no limit". */
  max_tokens?: number | null
  stop?: string | string[] | null
  seed?: number | null
  [field: string]: unknown
}

/** What is relied on, whoever answers. */
export const reliedTextFields = { prompt: () => z.nullish(anyInputs()), ...relied } satisfies Fields

/** All that an engine that runs here can judge. */
export const textFields = {
  ...sampling,
  prompt: () => z.nullable(inputsSchema(z.string())),
  best_of: () => z.nullish(integer(1)),
  echo: () => flag,
  // OpenAI ends at 5; local servers need not.
  logprobs: () => z.nullish(integer(0)),
  suffix: () => text,
} satisfies Fields

const check = fieldChecker(reliedTextFields)
const checkAll = fieldChecker(textFields, 'prompt')

/**
 * The request in a parsed body, checked as far as it is relied on. Throws an `ApiError` (400) that
 * names the first wrong field.
 */
export function parseTextRequest(body: unknown): TextRequest {
  check(body)
  return body as TextRequest
}

/**
 * The request for an engine that runs here, with all of its fields checked and its integers as
 * numbers. Throws an `ApiError` (400) that names the first wrong field.
 */
export function requireText(request: TextRequest): TextRequest {
  const plain = withNumbers(request)
  checkAll(plain)
  const { best_of, n } = plain
  if (best_of && best_of < (n ?? 1)) {
    throw badRequest(`best_of: expected at least n, which is ${n}, got ${best_of}.`, 'best_of')
  }
  return plain
}

/** What is to be gone on from; each of these has `n` answers. */
export function promptsOf({ prompt }: TextRequest): (string | number[])[] {
  return prompt === null || prompt === undefined ? [''] : inputsOf(prompt)
}
