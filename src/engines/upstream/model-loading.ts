import { ApiError } from '../../wire/errors/api-error.ts'

/** The error code for a server that is still loading its model. */
export const MODEL_LOADING = 'model_loading'

/** The error code for a model that its server could not load. */
const LOAD_FAILED_CODE = 'model_load_failed'

/** Words of a message about a load that failed. */
const LOAD_FAILED = /\b(fail|error|unable|cannot|can't|could not|not found)/i

/** Milliseconds between two attempts while a model loads: at first, and at most. */
const RETRY_INTERVAL = { first: 250, max: 5_000 }

/** Whether an upstream refused because it is still loading its model. */
export function isLoading(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === MODEL_LOADING
}

/**
 * Whether an error response says that the model is still being loaded. llama-server sends 503
 * `Loading model`, text-generation-inference 503 `Model m is currently loading`.
 */
export function saysModelIsLoading(status: number, message: string): boolean {
  const namesLoading = /\bloading\b/i.test(message) && /\bmodel\b/i.test(message)
  return status === 503 && namesLoading && !LOAD_FAILED.test(message)
}

/**
 * How servers word that they could not load the model that was asked for: llama-server's router, LM
 * Studio, llama-swap (with its prefix for any error), Ollama.
 */
const LOAD_FAILURES = [
  /^model name=.* failed to load$/,
  /^failed to load model\b/i,
  /^unspecific error: .*(upstream (command )?exited|health check timed out|failed to start command)/,
  /^(timed out waiting for llama[ -](server|runner) to start|llama[ -](server|runner) process (has terminated|no longer running))/,
  /^model requires more system memory\b/,
  /^unable to load model\b/i,
]

/** Whether an error response says that the model could not be loaded. */
export function saysLoadFailed(message: string): boolean {
  return LOAD_FAILURES.some((wording) => wording.test(message))
}

/** Whether an engine could not load the model. */
export function isLoadFailure(error: unknown): boolean {
  return error instanceof ApiError && error.code === LOAD_FAILED_CODE
}

/** The error for a model that its server could not load. */
export function loadFailed(message: string): ApiError {
  return new ApiError(502, message, { code: LOAD_FAILED_CODE, evidence: 'answered' })
}

/**
 * Milliseconds before the next attempt at a server that is loading its model, with exponential
 * backoff; undefined where less time than that is `remaining`. `attempts`: how many there were.
 * `retryAfter`: the server's own `Retry-After`.
 */
export function loadingRetryDelay(
  attempts: number,
  retryAfter: number | undefined,
  remaining: number,
): number | undefined {
  const backoff = RETRY_INTERVAL.first * 2 ** Math.min(attempts, 10)
  const delay = Math.min(Math.max(retryAfter ?? backoff, RETRY_INTERVAL.first), RETRY_INTERVAL.max)
  return delay < remaining ? delay : undefined
}

/** Adds a `Retry-After` header to an error that has none. */
export function withRetryAfter(error: ApiError): ApiError {
  if (error.headers['retry-after'] !== undefined) return error
  const { status, message, code, isReported, type, param, details, cause } = error
  const headers = { ...error.headers, 'retry-after': String(RETRY_INTERVAL.max / 1000) }
  return new ApiError(status, message, { code, isReported, type, param, details, headers, cause })
}
