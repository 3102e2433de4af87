/** The answer where a request cannot be admitted, as nobody knows what is left of its limits. */
import { asError } from '../util/as-error.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** The 503 for a store that does not answer, or fails. `cause` is only in the log. */
export function stateUnavailable(cause: unknown, retryAfter = 5): ApiError {
  const message = `limits: the store that counts requests and tokens does not answer now, so nobody knows what is left of yours. Retry in ${retryAfter}s; the server's log has the cause.`
  return new ApiError(503, message, {
    code: 'state_unavailable',
    headers: { 'retry-after': String(retryAfter) },
    cause: asError(cause),
  })
}
