import { type EmbeddingResponse, encodeVector } from '../../wire/embeddings/answer.ts'
import type { EmbeddingRequest } from '../../wire/embeddings/request.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import type { MlcEmbeddings, ModelRecord } from './mlc-types.ts'

/** Throws an `ApiError` (400) for what the model can't give, before it is loaded. */
export function checkEmbedding(request: EmbeddingRequest, record: ModelRecord): void {
  if (record.model_type !== 1) {
    const message = `model: ${record.model_id} gives no embeddings; name a model that does.`
    throw new ApiError(400, message, { code: 'model_not_capable', param: 'model' })
  }
  const { dimensions } = request
  const able = record.embedding_dimensions ?? []
  if (!dimensions || able.includes(dimensions)) return
  const what = able.length > 0 ? `one of ${able.join(', ')}` : 'none: its vectors have one length'
  throw badRequest(`dimensions: expected ${what}, got ${dimensions}.`, 'dimensions')
}

/** web-llm's vectors in the form that was asked for; it has but one. */
export function toResponse(
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

/** The first numbers of a vector whose model was trained for that, at length 1 again. */
function shortened(vector: number[], dimensions: number): number[] {
  const first = vector.slice(0, dimensions)
  const length = Math.hypot(...first) || 1
  return first.map((value) => value / length)
}
