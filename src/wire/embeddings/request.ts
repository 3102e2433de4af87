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

/** The answer: a vector for each input, in their order. */
export interface EmbeddingResponse {
  object: 'list'
  data: { object: 'embedding'; index: number; embedding: number[] | string }[]
  model: string
  usage: { prompt_tokens: number; total_tokens: number; [field: string]: unknown }
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

/** A vector as OpenAI's clients ask for it: 32-bit floats, little-endian, in base64. */
export function encodeVector(vector: readonly number[]): string {
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  vector.forEach((value, index) => {
    view.setFloat32(index * 4, value, true)
  })
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The numbers of such a text; undefined where it is none. */
export function decodeVector(text: string): number[] | undefined {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    return undefined
  }
  if (binary.length % 4 !== 0) return undefined
  const view = new DataView(Uint8Array.from(binary, (byte) => byte.charCodeAt(0)).buffer)
  return Array.from({ length: binary.length / 4 }, (_, index) => view.getFloat32(index * 4, true))
}
