import { ApiError } from '../../wire/errors/api-error.ts'
import type { CatalogEntry } from './catalog.ts'

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

/** For the log: why each of the engines could not be reached; undefined where nothing is known. */
export function reasonOf(entries: readonly CatalogEntry[]): Error | undefined {
  const reasons = entries.flatMap(({ engine, error }) =>
    error === undefined ? [] : `${engine.label}: ${firstCause(error).message}`,
  )
  return reasons.length > 0 ? new Error(reasons.join('; ')) : undefined
}

/** What an error was caused by in the end: `connect ECONNREFUSED`, where `fetch` says that it failed. */
function firstCause(error: Error): Error {
  let first = error
  for (let depth = 0; depth < 4 && first.cause instanceof Error; depth++) first = first.cause
  return first
}
