import { ApiError } from '../../wire/errors/api-error.ts'

/** Seconds a request is assumed to take before the first one has been measured. */
export const ASSUMED_DURATION = 5

/**
 * The refusal (503) of a request for which the queue has no room. `ahead` requests are answered
 * before it, `concurrency` at a time, in `duration` seconds each: the `Retry-After` follows from
 * that.
 */
export function queueFull(
  queued: number,
  ahead: number,
  concurrency: number,
  duration: number,
): ApiError {
  const seconds = Math.max(1, Math.ceil((ahead / concurrency) * duration))
  const message = `The engine is busy and its queue is full: ${queued} requests are waiting. Try again in about ${seconds} s.`
  return new ApiError(503, message, {
    code: 'engine_busy',
    headers: { 'retry-after': String(seconds) },
  })
}
