/** What is answered where no route's method fits. */
import type { RouteEntry } from 'itty-router'
import { ApiError, badRequest } from '../wire/errors.ts'

/** Answers OPTIONS: which methods the path has. Throws an `ApiError` (404). */
export function preflight(routes: RouteEntry[], path: string): Response {
  const allow = methodsOf(routes, path)
  if (allow.length === 0) throw notFound('OPTIONS', path)
  return new Response(null, { status: 204, headers: { allow: allow.join(', ') } })
}

/** Throws the `ApiError` that fits: 405 where the path exists, 404 where it does not. */
export function noRoute(routes: RouteEntry[], request: { method: string; url: string }): never {
  const { method, url } = request
  const path = new URL(url).pathname
  const allow = methodsOf(routes, path)
  if (allow.length === 0) throw notFound(method, path)
  const message = `${path} does not take ${method}; it takes ${allow.join(', ')}.`
  throw new ApiError(405, message, {
    code: 'method_not_allowed',
    headers: { allow: allow.join(', ') },
  })
}

/** An id from a path: the openai SDK writes `qwen%2Fqwen3:8b`. Throws an `ApiError` (400). */
export function decodedId(params: Record<string, string>): string {
  try {
    return decodeURIComponent(params.id ?? '')
  } catch {
    throw badRequest(`model: ${JSON.stringify(params.id)} is not percent-encoded UTF-8.`, 'model')
  }
}

function methodsOf(routes: RouteEntry[], path: string): string[] {
  const methods = routes
    .filter(([, pattern, , route]) => route !== '*' && pattern.test(path))
    .map(([method]) => method)
  return methods.length > 0 ? [...methods, 'OPTIONS'] : []
}

function notFound(method: string, path: string): ApiError {
  const message = `There is no ${method} ${path}. The API is below /v1: POST /v1/chat/completions, GET /v1/models.`
  return new ApiError(404, message, { code: 'not_found' })
}
