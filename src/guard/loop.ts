import { ApiError } from '../wire/errors.ts'
import { HOP_HEADER } from '../wire/hop.ts'

/** Throws an `ApiError` (508) for a request that sluice itself sent. */
export function refuseLoop(request: Request): void {
  if (request.headers.has(HOP_HEADER)) {
    const message =
      'This request has passed through sluice before: one of its upstreams leads back to it.'
    throw new ApiError(508, message, { code: 'loop_detected' })
  }
}
