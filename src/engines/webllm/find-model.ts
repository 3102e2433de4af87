import { closestMatches } from '../../util/closest-matches.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { ModelRecord } from './mlc-types.ts'
import { EMBEDDING } from './models.ts'

/** The record of a model. Throws an `ApiError` (404). */
export function findRecord(
  records: readonly ModelRecord[],
  model: string | null | undefined,
): ModelRecord {
  const record = records.find(({ model_id }) => model_id === model)
  if (record === undefined) throw unknownModel(model ?? '', records)
  return record
}

/** The record of a model that writes. Throws an `ApiError` (400, 404). */
export function findGenerator(
  records: readonly ModelRecord[],
  model: string | null | undefined,
): ModelRecord {
  const record = findRecord(records, model)
  if (record.model_type === EMBEDDING) throw writesNothing(record.model_id)
  return record
}

function writesNothing(model: string): ApiError {
  const message = `model: ${model} gives embeddings and no text; ask it at POST /v1/embeddings.`
  return new ApiError(400, message, { code: 'model_not_capable', param: 'model' })
}

function unknownModel(model: string, records: readonly ModelRecord[]): ApiError {
  const details = { code: 'model_not_found', param: 'model' }
  if (model === '') {
    const message =
      'model: no model is loaded, so the request has to name one; GET /v1/models lists those there are.'
    return new ApiError(404, message, details)
  }
  const near = closestMatches(
    model,
    records.map(({ model_id }) => model_id),
  )
  const hint =
    near.length > 0
      ? `did you mean ${near.map((id) => JSON.stringify(id)).join(' or ')}?`
      : 'GET /v1/models lists those there are.'
  const message = `model: this GPU serves no ${JSON.stringify(model.slice(0, 80))}; ${hint}`
  return new ApiError(404, message, details)
}
