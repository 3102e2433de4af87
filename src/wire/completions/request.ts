/**
 * `POST /v1/completions`, as in OpenAI's OpenAPI description 2.3.0, and wider where local servers are
 * known to accept more. Unknown fields are passed on.
 */
import * as z from 'zod/mini'
import type { StreamOptions } from '../chat/request.ts'
import { badRequest } from '../errors/api-error.ts'
import { withNumbers } from '../json/exact-integers.ts'
import { type Fields, fieldChecker, flag, integer, relied, text } from '../validation/fields.ts'
import { anyInputs, inputsOf, inputsSchema, type TextInputs } from '../validation/inputs.ts'
import { sampling } from '../validation/sampling.ts'

export type * from './answer.ts'

/**
 * The body of a request. In a request to an upstream, only `prompt`, `model`, `stream`,
 * `stream_options` and `n` are sure to have these types.
 */
export interface TextRequest {
  /** Null is the beginning of a new document. An upstream may accept other forms, mixed or with images. */
  prompt?: TextInputs | null
  model?: string | null
  stream?: boolean | null
  stream_options?: StreamOptions | null
  /** Whether each text begins with its prompt. */
  echo?: boolean | null
  /** The text that comes after the requested one. */
  suffix?: string | null
  /** The number of answers to each prompt. */
  n?: number | null
  /** The number of answers generated for each prompt, of which the `n` best are returned. */
  best_of?: number | null
  /** The number of likely tokens returned beside each chosen one. */
  logprobs?: number | null
  /** Tokens. Local servers read -1 as "no limit". */
  max_tokens?: number | null
  stop?: string | string[] | null
  seed?: number | null
  [field: string]: unknown
}

/** The fields that sluice itself uses. */
export const reliedTextFields = { prompt: () => z.nullish(anyInputs()), ...relied } satisfies Fields

/** All fields that an engine in sluice itself checks. */
export const textFields = {
  ...sampling,
  prompt: () => z.nullable(inputsSchema(z.string())),
  best_of: () => z.nullish(integer(1)),
  echo: () => flag,
  // At most 5 in OpenAI's API; local servers may allow more.
  logprobs: () => z.nullish(integer(0)),
  suffix: () => text,
} satisfies Fields

const check = fieldChecker(reliedTextFields)
const checkAll = fieldChecker(textFields, 'prompt')

/**
 * Checks the fields of a parsed body that sluice itself uses. Throws an `ApiError` (400) that names the
 * first wrong field.
 */
export function parseTextRequest(body: unknown): TextRequest {
  check(body)
  return body as TextRequest
}

/**
 * The request for an engine in sluice itself: all fields are checked, and integers are numbers. Throws
 * an `ApiError` (400) that names the first wrong field.
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

/** The prompts, of which each gets `n` answers. */
export function promptsOf({ prompt }: TextRequest): (string | number[])[] {
  return prompt === null || prompt === undefined ? [''] : inputsOf(prompt)
}
