import { ApiError } from '../../wire/errors/api-error.ts'

/** Seconds after which a server that restarts or loads may be asked again. */
const RETRY_AFTER = 5

/** An `ApiError` (503) for what only engines serve that were there and can't be asked just now. */
export function unavailable(labels: readonly string[], cause?: unknown): ApiError {
  const names = labels.join(' and ')
  const message = `${names} can't be reached just now (restarting, loading a model, or stopped). Ask again in about ${RETRY_AFTER} s.`
  return new ApiError(503, message, {
    code: 'engine_unavailable',
    headers: { 'retry-after': String(RETRY_AFTER) },
    cause,
  })
}
