import { ApiError } from '../wire/errors/api-error.ts'
import { HOP_HEADER, MAX_HOPS, readHops } from '../wire/headers/hops.ts'

/**
 * The hop list for upstream requests: the list of this request and the id of this instance. Throws an
 * `ApiError` (508) if this instance is in the list already, or if the list is too long.
 */
export function extendHops(headers: Headers, instance: string): string[] {
  const hops = readHops(headers.get(HOP_HEADER))
  if (hops === undefined) {
    throw loop(
      `${HOP_HEADER}: expected at most ${MAX_HOPS} sluice instances on the way, got more; this is probably a loop, so check the upstreams of each instance.`,
    )
  }
  if (hops.includes(instance)) {
    throw loop(
      `${HOP_HEADER}: this request has already passed this sluice, because one of its upstreams leads back to it; remove that upstream.`,
    )
  }
  return [...hops, instance]
}

function loop(message: string): ApiError {
  return new ApiError(508, message, { code: 'loop_detected' })
}
