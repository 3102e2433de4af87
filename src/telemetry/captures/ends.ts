/** How the two sides of a captured request ended, in the words of a recording. */
import { ApiError } from '../../wire/errors/api-error.ts'
import type { ObservedRequest } from '../request-observer.ts'
import type { CapturedSide, SideEnd } from './captured-side.ts'

/** What the client received. A failed stream whose format has no place for an error breaks off. */
export function endForClient({ response }: CapturedSide, request: ObservedRequest): SideEnd {
  const message = messageOf(request)
  if (request.outcome === 'cancelled' && message === undefined)
    return ['stopped', 'the client left']
  if (message === undefined || request.status >= 400) return ['end']
  const type = response?.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  return /json|text\/event-stream/i.test(type) ? ['end'] : ['broken', message]
}

/** What the engine of the last attempt sent. */
export function endOfEngine({ response }: CapturedSide, request: ObservedRequest): SideEnd {
  const { failure, outcome } = request
  const message = messageOf(request)
  if (outcome === 'cancelled') return ['stopped', message ?? 'the client left']
  if (message === undefined) return ['end']
  if (response === undefined) return ['broken', message]
  if (response.status >= 400) return ['end']
  const isLost = failure instanceof ApiError && isCutOff(failure)
  return isLost ? ['broken', message] : ['stopped', `sluice read no further: ${message}`]
}

/** Whether its connection broke, rather than that sluice gave the answer up. */
function isCutOff({ code, evidence }: ApiError): boolean {
  return code === 'upstream_truncated' || evidence === 'lost'
}

/** What it failed with. No message of an `ApiError` has an address or a key. */
function messageOf({ failure }: ObservedRequest): string | undefined {
  if (failure === undefined || failure === null) return undefined
  return failure instanceof ApiError ? failure.message : undefined
}
