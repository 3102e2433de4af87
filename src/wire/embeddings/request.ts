/** `POST /v1/embeddings`, as in OpenAI's OpenAPI description 2.3.0. Unknown fields are passed on. */
import * as z from 'zod/mini'
import { withNumbers } from '../json/exact-integers.ts'
import { type Fields, fieldChecker, integer, text } from '../validation/fields.ts'
import { anyInputs, inputsSchema, type TextInputs } from '../validation/inputs.ts'

/** The body of `POST /v1/embeddings`. */
export interface EmbeddingRequest {
  /** One text or several, or the tokens of one or several. */
  input: TextInputs
  model?: string | null
  /** `float` by default. */
  encoding_format?: 'float' | 'base64' | null
  /** The length of the vectors, for models that support shorter ones. */
  dimensions?: number | null
  [field: string]: unknown
}

const error = 'a text that is not empty'

/** The fields that sluice itself uses: it checks the format and the length of the vectors by them. */
export const reliedEmbeddingFields = {
  input: () => anyInputs(),
  model: () => text,
  encoding_format: () => z.nullish(z.enum(['float', 'base64'])),
  dimensions: () => z.nullish(integer(1)),
} satisfies Fields

/** All fields that an engine in sluice itself checks. */
export const embeddingFields = {
  ...reliedEmbeddingFields,
  input: () => inputsSchema(z.string().check(z.minLength(1, { error, abort: true }))),
  user: () => text,
} satisfies Fields

const check = fieldChecker(reliedEmbeddingFields, 'input')
const checkAll = fieldChecker(embeddingFields, 'input')

/**
 * Checks the fields of a parsed body that sluice itself uses. Throws an `ApiError` (400) that names the
 * first wrong field.
 */
export function parseEmbeddingRequest(body: unknown): EmbeddingRequest {
  check(body)
  return body as EmbeddingRequest
}

/** The request for an engine in sluice itself, with all fields checked. Throws an `ApiError` (400). */
export function requireEmbedding(request: EmbeddingRequest): EmbeddingRequest {
  const plain = withNumbers(request)
  checkAll(plain)
  return plain
}
