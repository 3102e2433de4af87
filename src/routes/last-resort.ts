/** The answer to an unexpected exception. */
import { toApiError } from '../wire/errors/api-error.ts'
import { errorResponse, speaksAnthropic } from './api.ts'

/**
 * A 500 in the shape of the requested API. It reveals nothing of the cause, which is written to standard
 * error with the answer's `x-request-id`.
 */
export function lastResort({ url, headers }: Pick<Request, 'url' | 'headers'>, cause: unknown) {
  const id = crypto.randomUUID()
  const told = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  console.error(`sluice: request ${id} failed: ${told}`)
  return unexpected(speaksAnthropic(pathOf(url), headers), id)
}

/** The same answer, without writing to the log. */
export function unexpected(isAnthropic: boolean, id: string): Response {
  const response = errorResponse(toApiError(undefined), isAnthropic, id)
  response.headers.set('x-request-id', id)
  if (isAnthropic) response.headers.set('request-id', id)
  return response
}

/**
 * A handler's `fetch` that never rejects: whatever it throws becomes a 500.
 *
 * @example
 * export default { fetch: unfailing(handler.fetch) }
 */
export function unfailing(
  fetch: (request: Request) => Promise<Response>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return await fetch(request)
    } catch (error) {
      return lastResort(request, error)
    }
  }
}

function pathOf(url: string): string | undefined {
  return /^[a-z]+:\/\/[^/]*([^?#]*)/i.exec(url)?.[1]
}
