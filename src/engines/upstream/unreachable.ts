import { Unanswered, Unsendable } from '../../platform/fetch.ts'
import { ApiError } from '../../wire/errors/api-error.ts'

/**
 * The `ApiError` for a request that got no response: 502 where the upstream can't be reached, or
 * ended the connection; 500 where the request could not be written as HTTP. `cause`: what `fetch` rejected with.
 */
export function unreachable(label: string, cause: unknown): ApiError {
  if (cause instanceof Unsendable) {
    const message = `The request to ${label} could not be sent as HTTP; sluice's log has the reason.`
    return new ApiError(500, message, { code: 'internal_error', cause })
  }
  if (cause instanceof Unanswered) {
    const message = `${label} closed the connection, or sent something other than HTTP, before it answered; its own log may have the reason.`
    return new ApiError(502, message, { code: 'upstream_unreachable', cause, evidence: 'lost' })
  }
  const message = `${label} can't be reached; check that it is running and that its address is right.`
  return new ApiError(502, message, { code: 'upstream_unreachable', cause })
}
