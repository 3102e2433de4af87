import { ApiError } from '../wire/errors/api-error.ts'
import { HOP_HEADER, MAX_HOPS, readHops } from '../wire/headers/hops.ts'

/**
 * The hop list of the requests that are made on behalf of this one: its own list and this
 * instance's id. Throws an `ApiError` (508) where this instance is in the list already, or where the
 * request has passed too many.
 */
export function extendHops(headers: Headers, instance: string): string[] {
  const hops = readHops(headers.get(HOP_HEADER))
  if (hops === undefined) {
    throw loop(
      `This request has passed more than ${MAX_HOPS} sluices, which is taken for a loop: see where the upstreams of each one lead.`,
    )
  }
  if (hops.includes(instance)) {
    throw loop(
      'This request has passed this sluice before: one of its upstreams leads back to it. Remove that upstream.',
    )
  }
  return [...hops, instance]
}

function loop(message: string): ApiError {
  return new ApiError(508, message, { code: 'loop_detected' })
}
