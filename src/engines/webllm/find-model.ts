import { closestMatches } from '../../util/closest-matches.ts'
import { MAX_MODEL_NAME } from '../../util/safe/model-name.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { EMBEDDING_TYPE, type ModelRecord } from './mlc-types.ts'

/** Finds a model's record. Throws an `ApiError` (404). */
export function findRecord(
  records: readonly ModelRecord[],
  model: string | null | undefined,
): ModelRecord {
  const record = records.find(({ model_id }) => model_id === model)
  if (record === undefined) throw unknownModel(model ?? '', records)
  return record
}

/** Finds the record of a model that generates text. Throws an `ApiError` (400, 404). */
export function findGenerator(
  records: readonly ModelRecord[],
  model: string | null | undefined,
): ModelRecord {
  const record = findRecord(records, model)
  if (record.model_type === EMBEDDING_TYPE) throw embeddingsOnly(record.model_id)
  return record
}

function embeddingsOnly(model: string): ApiError {
  const message = `model: ${model} creates embeddings and no text; send the request to POST /v1/embeddings, or name a chat model.`
  return new ApiError(400, message, { code: 'model_not_capable', param: 'model' })
}

function unknownModel(model: string, records: readonly ModelRecord[]): ApiError {
  const details = { code: 'model_not_found', param: 'model' }
  if (model === '') {
    const message =
      'model: the request names no model, and none is loaded; name one that GET /v1/models lists.'
    return new ApiError(404, message, details)
  }
  const near = closestMatches(
    model,
    records.map(({ model_id }) => model_id),
  )
  const hint =
    near.length > 0
      ? `did you mean ${near.map((id) => quoted(id, MAX_MODEL_NAME)).join(' or ')}?`
      : 'use one of the models that GET /v1/models lists.'
  const message = `model: ${quoted(model)} is not available on this GPU; ${hint}`
  return new ApiError(404, message, details)
}
