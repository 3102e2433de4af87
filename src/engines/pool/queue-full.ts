import { ApiError } from '../../wire/errors/api-error.ts'

/** Seconds a request is assumed to take before the first one has been measured. */
export const ASSUMED_DURATION = 5

/** A queue without room for another request. */
interface QueueLoad {
  queued: number
  /** How many of them are of the refused request's caller; 0 where callers are not distinguished. */
  own: number
  /** The requests that would be answered before it. */
  ahead: number
  /** How many are answered at a time. */
  concurrency: number
  /** Seconds that each takes. */
  duration: number
}

/** The refusal (503) of a request for which the queue has no room. */
export function queueFull(load: QueueLoad): ApiError {
  const { queued, own } = load
  const share = own > 0 ? `, ${own} of them yours` : ''
  return busy(`its queue is full: ${queued} requests are waiting${share}`, load)
}

/** The refusal (503) of a request whose place another caller's took. */
export function displacedByOther(load: QueueLoad): ApiError {
  const { queued, own } = load
  const reason = `its queue is full: ${queued} requests are waiting, ${own} of them yours, and another client with fewer took the place of your newest`
  return busy(reason, load)
}

/** The `Retry-After` follows from how long the requests before it take. */
function busy(reason: string, { ahead, concurrency, duration }: QueueLoad): ApiError {
  const seconds = Math.max(1, Math.ceil((ahead / concurrency) * duration))
  return new ApiError(503, `The engine is busy and ${reason}. Try again in about ${seconds} s.`, {
    code: 'engine_busy',
    headers: { 'retry-after': String(seconds) },
  })
}
