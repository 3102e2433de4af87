/** `POST /v1/embeddings`, as OpenAI's OpenAPI description 2.3.0 has it; unknown fields pass. */
import * as z from 'zod/mini'
import { invalid } from './invalid.ts'
import { text } from './message.ts'

export interface EmbeddingRequest {
  /** A text or several, or the tokens of one or several. */
  input: string | string[] | number[] | number[][]
  model?: string | null
  /** `float` by default. */
  encoding_format?: 'float' | 'base64' | null
  /** How many numbers a vector has, where the model can give fewer. */
  dimensions?: number | null
  [field: string]: unknown
}

export interface EmbeddingResponse {
  object: 'list'
  data: { object: 'embedding'; index: number; embedding: number[] | string }[]
  model: string
  usage: { prompt_tokens: number; total_tokens: number; [field: string]: unknown }
}

/** A text or several, or the tokens of one or several; none of them empty. */
function isInput(input: unknown): boolean {
  if (typeof input === 'string') return input !== ''
  if (!Array.isArray(input) || input.length === 0) return false
  return isTokens(input) || input.every((each) => (isText(each) ? each !== '' : isTokens(each)))
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTokens(value: unknown): boolean {
  const isToken = (token: unknown) => Number.isInteger(token) && (token as number) >= 0
  return Array.isArray(value) && value.length > 0 && value.every(isToken)
}

export const EmbeddingRequestSchema: z.ZodMiniType = z.looseObject({
  input: z.unknown().check(
    z.refine(isInput, {
      error: 'a text, tokens, or a list of either, and none empty',
      abort: true,
    }),
  ),
  model: text,
  encoding_format: z.nullish(z.enum(['float', 'base64'])),
  dimensions: z.nullish(
    z.int('an integer').check(z.gte(1, { error: 'an integer of at least 1', abort: true })),
  ),
})

/** The request in a parsed body, checked. Throws an `ApiError` (400) that names the wrong field. */
export function parseEmbeddingRequest(body: unknown): EmbeddingRequest {
  const { error } = z.safeParse(EmbeddingRequestSchema, body)
  if (error !== undefined) throw invalid(error.issues, body)
  return body as EmbeddingRequest
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
