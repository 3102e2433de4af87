import { ApiError } from '../../wire/errors/api-error.ts'

/** The code of a refusal by a server that still loads its model. */
export const MODEL_LOADING = 'model_loading'

/** What tells of a load that failed. */
const LOAD_FAILED = /\b(fail|error|unable|cannot|can't|could not|not found)/i

/** Milliseconds between two questions whether a model is loaded: at first, and at most. */
const RETRY_INTERVAL = { first: 250, max: 5_000 }

/** Whether an upstream refused because it still loads its model. */
export function isLoading(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === MODEL_LOADING
}

/**
 * Whether a refusal says that the model is still being loaded. llama-server: 503 `Loading model`;
 * text-generation-inference: 503 `Model m is currently loading`.
 */
export function saysModelIsLoading(status: number, message: string): boolean {
  const isSaid = /\bloading\b/i.test(message) && /\bmodel\b/i.test(message)
  return status === 503 && isSaid && !LOAD_FAILED.test(message)
}

/**
 * Milliseconds before a server that loads its model is asked again, for the `count`th time; undefined
 * where fewer than that are `left`. `told`: what it asked for itself.
 */
export function loadingRetryDelay(
  count: number,
  told: number | undefined,
  left: number,
): number | undefined {
  const own = RETRY_INTERVAL.first * 2 ** Math.min(count, 10)
  const rest = Math.min(Math.max(told ?? own, RETRY_INTERVAL.first), RETRY_INTERVAL.max)
  return rest < left ? rest : undefined
}

/** The refusal, with when to ask again. */
export function withRetryAfter(error: ApiError): ApiError {
  if (error.headers['retry-after'] !== undefined) return error
  const { status, message, code, type, param, details, cause } = error
  const headers = { ...error.headers, 'retry-after': String(RETRY_INTERVAL.max / 1000) }
  return new ApiError(status, message, { code, type, param, details, headers, cause })
}
