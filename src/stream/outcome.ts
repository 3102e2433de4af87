import type { ApiError } from '../wire/errors/api-error.ts'

/** How an answer ended. Each exchange has exactly one outcome: the first one set. */
export type Outcome =
  | { kind: 'finished' }
  | { kind: 'failed'; error: ApiError }
  /** `reason`: the error for a client that is still there, where somebody else has stopped it. */
  | { kind: 'cancelled'; reason?: ApiError | undefined }

/** The error that a client is sent; undefined where it gets none. */
export function errorOf(outcome: Outcome): ApiError | undefined {
  if (outcome.kind === 'finished') return undefined
  return outcome.kind === 'failed' ? outcome.error : outcome.reason
}
