import { ApiError } from '../../wire/errors/api-error.ts'

/** The `Retry-After` in seconds for a server that restarts or loads a model. */
const RETRY_AFTER = 5

/** An `ApiError` (503) for a model whose engines have all been reachable before and are not now. */
export function unavailable(labels: readonly string[], cause?: unknown): ApiError {
  const names = labels.join(' and ')
  const message = `${names} can't be reached at the moment: it restarts, loads a model, or was stopped. Try again in about ${RETRY_AFTER} s.`
  return new ApiError(503, message, {
    code: 'engine_unavailable',
    headers: { 'retry-after': String(RETRY_AFTER) },
    cause,
  })
}
