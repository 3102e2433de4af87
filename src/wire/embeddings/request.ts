/** `POST /v1/embeddings`, as OpenAI's OpenAPI description 2.3.0 has it; unknown fields pass. */
import * as z from 'zod/mini'
import { text } from '../chat/message.ts'
import { withNumbers } from '../json/exact-integers.ts'
import { type Fields, fieldChecker, integer } from '../validation/fields.ts'
import { anyInputs, inputsSchema, type TextInputs } from '../validation/inputs.ts'

/** The body of `POST /v1/embeddings`. */
export interface EmbeddingRequest {
  /** A text or several, or the tokens of one or several. */
  input: TextInputs
  model?: string | null
  /** `float` by default. */
  encoding_format?: 'float' | 'base64' | null
  /** How many numbers a vector has, where the model can give fewer. */
  dimensions?: number | null
  [field: string]: unknown
}

const error = 'a text that is not empty'

/** What is relied on, whoever answers: the answer is held to its form and its length. */
export const reliedEmbeddingFields = {
  input: () => anyInputs(),
  model: () => text,
  encoding_format: () => z.nullish(z.enum(['float', 'base64'])),
  dimensions: () => z.nullish(integer(1)),
} satisfies Fields

/** All that an engine that runs here can judge. */
export const embeddingFields = {
  ...reliedEmbeddingFields,
  input: () => inputsSchema(z.string().check(z.minLength(1, { error, abort: true }))),
  user: () => text,
} satisfies Fields

const check = fieldChecker(reliedEmbeddingFields, 'input')
const checkAll = fieldChecker(embeddingFields, 'input')

/**
 * The request in a parsed body, checked as far as it is relied on. Throws an `ApiError` (400) that
 * names the first wrong field.
 */
export function parseEmbeddingRequest(body: unknown): EmbeddingRequest {
  check(body)
  return body as EmbeddingRequest
}

/** The request for an engine that runs here, all of it checked. Throws an `ApiError` (400). */
export function requireEmbedding(request: EmbeddingRequest): EmbeddingRequest {
  const plain = withNumbers(request)
  checkAll(plain)
  return plain
}
