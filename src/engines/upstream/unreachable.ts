import { InvalidResponse, StaleConnection, Unanswered, Unsendable } from '../../platform/fetch.ts'
import { ApiError } from '../../wire/errors/api-error.ts'

/**
 * The `ApiError` for a request that got no response: 502 where the upstream can't be reached, or
 * ended the connection or sent no valid HTTP; 500 where the request could not be written as HTTP. `cause`: what `fetch` rejected with.
 */
export function unreachable(label: string, cause: unknown): ApiError {
  if (cause instanceof Unsendable) {
    const message = `The request to ${label} could not be sent as HTTP; sluice's log has the reason.`
    return new ApiError(500, message, { code: 'internal_error', cause })
  }
  if (cause instanceof InvalidResponse) {
    // What was received is left to the log.
    const [expected] = cause.message.split(', got ')
    const message = `${label} does not send valid HTTP: ${expected}; check that its address and port are those of its HTTP API.`
    return new ApiError(502, message, { code: 'upstream_invalid', cause, evidence: 'answered' })
  }
  if (cause instanceof Unanswered) {
    const message = `${label} closed the connection before it answered; its own log may have the reason.`
    const evidence = cause instanceof StaleConnection ? 'stale' : 'lost'
    return new ApiError(502, message, { code: 'upstream_unreachable', cause, evidence })
  }
  const message = `${label} can't be reached; check that it is running and that its address is right.`
  return new ApiError(502, message, { code: 'upstream_unreachable', cause })
}
