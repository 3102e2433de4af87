/** The answer to a request whose handling threw an unexpected error. */
import { stackText } from '../util/safe/stack.ts'
import { type DocLink, toApiError } from '../wire/errors/api-error.ts'
import { errorResponse, type Family, familyOf, setRequestId } from './api.ts'

/**
 * Logs the error, and returns a 500 in the shape of the API that was called. The answer says nothing
 * of the cause, which is written to standard error with the answer's `x-request-id`.
 */
export function logInternalError(
  { url, headers }: Pick<Request, 'url' | 'headers'>,
  cause: unknown,
  families: readonly Family[],
): Response {
  const id = crypto.randomUUID()
  console.error(`sluice: request ${id} failed: ${stackText(cause)}`)
  return internalErrorResponse(familyOf(pathOf(url), headers, families), id)
}

/** A 500 in the shape of the API that was called, which is not logged. */
export function internalErrorResponse(family: Family, id: string, docs?: DocLink): Response {
  const response = errorResponse(toApiError(undefined), family, id, docs)
  response.headers.set('x-request-id', id)
  setRequestId(response.headers, family, id)
  return response
}

/**
 * A handler's `fetch` that never rejects: any error that it throws becomes a 500, in the shape of the API that was
 * called, of those besides OpenAI's that are in `families`.
 *
 * @example
 * export default { fetch: withErrorResponse(handler.fetch, allFamilies) }
 */
export function withErrorResponse(
  fetch: (request: Request) => Promise<Response>,
  families: readonly Family[],
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return await fetch(request)
    } catch (error) {
      return logInternalError(request, error, families)
    }
  }
}

function pathOf(url: string): string | undefined {
  return /^[a-z]+:\/\/[^/]*([^?#]*)/i.exec(url)?.[1]
}
