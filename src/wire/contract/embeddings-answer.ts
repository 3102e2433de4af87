/** The contract of embeddings: a vector for each input, in the requested encoding and size. */

import { isObject } from '../../util/object.ts'
import type { Usage } from '../chat/answer.ts'
import { decodeVector, encodeVector } from '../embeddings/answer.ts'
import type { EmbeddingRequest } from '../embeddings/request.ts'
import { type ApiError, badRequest } from '../errors/api-error.ts'
import type { EngineErrors } from '../errors/engine-errors.ts'
import { readError } from '../errors/reported-error.ts'
import { isTokenCount, repairUsage } from '../usage.ts'
import { inputsOf } from '../validation/inputs.ts'

export interface CheckedEmbeddings {
  /** The repairs: `encoding` if numbers came instead of base64 or the reverse; `index`, `usage`. */
  repaired: string[]
  usage: Usage | undefined
}

/**
 * Checks an answer and repairs it in place. Throws an `ApiError`: 502 if the answer is invalid, 400 if its
 * vectors have another length than requested, because a retry would not change that.
 */
export function checkEmbeddings(
  value: unknown,
  request: EmbeddingRequest,
  errors: EngineErrors,
): CheckedEmbeddings {
  const error = isObject(value) ? readError(value) : undefined
  if (error !== undefined) throw errors.failed(error)
  if (!isObject(value) || !Array.isArray(value.data)) throw errors.invalid('sent no embeddings')
  const { data } = value
  const { length } = inputsOf(request.input)
  if (data.length !== length) {
    throw errors.invalid(
      `sent the wrong number of embeddings: expected ${length}, got ${data.length}`,
    )
  }
  const repaired = new Set<string>()
  const sizes = new Set<number>()
  for (const [index, item] of data.entries()) {
    if (!isObject(item)) throw errors.invalid('sent an embedding that is not an object')
    if (repairIndex(item, index, errors)) repaired.add('index')
    const vector = readVector(item.embedding, errors)
    sizes.add(vector.length)
    const isText = typeof item.embedding === 'string'
    if (isText === (request.encoding_format === 'base64')) continue
    item.embedding = isText ? vector : encodeVector(vector)
    repaired.add('encoding')
  }
  if (repairUsage(value)) repaired.add('usage')
  requireSize(sizes, request.dimensions ?? undefined, errors)
  return { repaired: [...repaired], usage: usageOf(value.usage) }
}

function repairIndex(item: { index?: unknown }, index: number, errors: EngineErrors): boolean {
  if (item.index === index) return false
  if (item.index !== undefined && item.index !== null) {
    throw errors.invalid('sent embeddings whose indices are not in order')
  }
  item.index = index
  return true
}

function readVector(value: unknown, errors: EngineErrors): number[] {
  const vector = typeof value === 'string' ? decodeVector(value) : value
  if (Array.isArray(vector) && vector.length > 0 && vector.every(Number.isFinite)) return vector
  throw errors.invalid('sent an embedding that is neither numbers nor 32-bit floats in base64')
}

function requireSize(
  sizes: ReadonlySet<number>,
  dimensions: number | undefined,
  errors: EngineErrors,
): void {
  const [size = 0, other] = sizes
  if (other !== undefined) throw errors.invalid(`sent vectors of ${size} and of ${other} numbers`)
  if (dimensions !== undefined && size !== dimensions) throw otherSize(dimensions, size)
}

function otherSize(dimensions: number, size: number): ApiError {
  const message = `dimensions: expected ${size}, the length of this model's vectors, got ${dimensions}; leave it out.`
  return badRequest(message, 'dimensions')
}

/** The token counts as in a chat; an embedding has no completion tokens. */
function usageOf(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined
  const total = usage.total_tokens ?? usage.prompt_tokens
  if (!isTokenCount(total)) return undefined
  return { prompt_tokens: total, completion_tokens: 0, total_tokens: total }
}
