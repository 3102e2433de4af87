/** What is told of a request that an upstream gave no answer to. */
import { Unsendable } from '../../platform/fetch.ts'
import { ApiError } from '../../wire/errors/api-error.ts'

/** `cause` is what `fetch` rejected with: nobody listens there, or the request could not be sent. */
export function unreachable(label: string, cause: unknown): ApiError {
  if (cause instanceof Unsendable) {
    const message = `The request to ${label} could not be sent; sluice's log says why.`
    return new ApiError(500, message, { code: 'internal_error', cause })
  }
  const message = `${label} can't be reached: is it running, and is its address right?`
  return new ApiError(502, message, { code: 'upstream_unreachable', cause })
}
