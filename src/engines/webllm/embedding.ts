import { type EmbeddingResponse, encodeVector } from '../../wire/embeddings/answer.ts'
import type { EmbeddingRequest } from '../../wire/embeddings/request.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import type { MlcEmbeddings, ModelRecord } from './mlc-types.ts'

/** Throws an `ApiError` (400), before the model is loaded, for a request that it can't answer. */
export function requireEmbeddingModel(request: EmbeddingRequest, record: ModelRecord): void {
  if (record.model_type !== 1) {
    const message = `model: ${record.model_id} creates no embeddings; name an embedding model, which GET /v1/models lists with kind "embedding".`
    throw new ApiError(400, message, { code: 'model_not_capable', param: 'model' })
  }
  const { dimensions } = request
  const lengths = record.embedding_dimensions ?? []
  if (!dimensions || lengths.includes(dimensions)) return
  const what =
    lengths.length > 0
      ? `one of ${lengths.join(', ')}`
      : 'no value, since the vectors of this model have a fixed length'
  throw badRequest(`dimensions: expected ${what}, got ${dimensions}.`, 'dimensions')
}

/**
 * Converts web-llm's vectors, which are arrays of numbers, to the requested encoding and length.
 */
export function toEmbeddingResponse(
  { data, usage }: MlcEmbeddings,
  request: EmbeddingRequest,
  model: string,
): EmbeddingResponse {
  const { encoding_format, dimensions } = request
  return {
    object: 'list',
    data: data.map(({ embedding, index }) => {
      const vector = dimensions ? shortened(embedding, dimensions) : embedding
      const isText = encoding_format === 'base64'
      return { object: 'embedding', index, embedding: isText ? encodeVector(vector) : vector }
    }),
    model,
    usage,
  }
}

/** Truncates a vector, as Matryoshka models are trained for, and normalizes it to length 1. */
function shortened(vector: number[], dimensions: number): number[] {
  const first = vector.slice(0, dimensions)
  const length = Math.hypot(...first) || 1
  return first.map((value) => value / length)
}
