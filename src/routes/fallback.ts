/** The answers where no route has the request's path and method. */
import type { RouteEntry } from 'itty-router'
import { belowBase } from '../util/base-path.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { LeftOut } from './left-out.ts'
import type { noOllamaRoute } from './ollama/no-route.ts'

/** Where clients look for routes. */
interface Place {
  /** The path below which the API is. */
  basePath: string
  /** The parts that this handler is composed without; undefined where it has all. */
  leftOut: LeftOut | undefined
  /** The error for a path of Ollama's API, where that is served. */
  noOllamaRoute: typeof noOllamaRoute | undefined
}

/** Answers OPTIONS with the methods of the path. Throws an `ApiError` (404). */
export function preflight(routes: RouteEntry[], { url, headers }: Request, at: Place): Response {
  const path = new URL(url).pathname
  const methods = methodsOf(routes, path)
  if (methods.length === 0) throw notFound('OPTIONS', path, at, routes)
  const allow = methods.join(', ')
  const isAsked = headers.has('access-control-request-method')
  return new Response(null, {
    status: 204,
    headers: { allow, ...(isAsked && { 'access-control-allow-methods': allow }) },
  })
}

/** Throws the `ApiError` that fits: 405 where the path exists, 404 where it does not. */
export function noRoute(
  routes: RouteEntry[],
  request: { method: string; url: string },
  at: Place,
): never {
  const { method, url } = request
  const path = new URL(url).pathname
  const allow = methodsOf(routes, path)
  if (allow.length === 0) throw notFound(method, path, at, routes)
  const message = `method: expected ${allow.join(' or ')} for ${path}, got ${method}; send the request with ${allow.length > 1 ? 'one of those' : 'that one'}.`
  throw new ApiError(405, message, {
    code: 'method_not_allowed',
    headers: { allow: allow.join(', ') },
  })
}

function methodsOf(routes: RouteEntry[], path: string): string[] {
  const methods = routes
    .filter(([method, pattern, , route]) => {
      return !route?.endsWith('*') && method !== 'ALL' && pattern.test(path)
    })
    .map(([method]) => method)
  return methods.length > 0 ? [...methods, 'OPTIONS'] : []
}

/** What to do instead at paths of model servers that are not forwarded: the route, and why it is as good. */
const INSTEAD: Readonly<Record<string, readonly [path: string, why: string]>> = {
  '/completion': ['/v1/completions', 'which takes the same parameters'],
}

function notFound(
  method: string,
  path: string,
  { basePath, leftOut, noOllamaRoute }: Place,
  routes: RouteEntry[],
): ApiError {
  const below = belowBase(path, basePath)
  const refusal = leftOut?.refusal(method, path, below)
  if (refusal !== undefined) return refusal
  if (noOllamaRoute && below.startsWith('/api/')) {
    return noOllamaRoute(method, below, basePath, routes)
  }
  const isServed = (path: string) => methodsOf(routes, path).length > 0
  const [instead, why] = INSTEAD[path] ?? []
  const advice = instead && isServed(instead) ? `; send POST ${instead}, ${why}` : ''
  const hint = isServed(`/v1${path}`) ? `; use /v1${path}` : advice
  const message = `path: there is no route ${method} ${path}${hint}.${servedRoutes(isServed, basePath)}`
  return new ApiError(404, message, { code: 'not_found' })
}

/** Where the APIs are, as far as this handler has them. */
function servedRoutes(isServed: (path: string) => boolean, basePath: string): string {
  const routes = [
    ...(isServed('/v1/chat/completions') ? [`POST ${basePath}/v1/chat/completions`] : []),
    ...(isServed('/v1/models') ? [`GET ${basePath}/v1/models`] : []),
  ]
  const api = routes.length > 0 && `the API is below ${basePath}/v1: ${routes.join(', ')}`
  const ollama = isServed('/api/tags') && `Ollama's is below ${basePath}/api`
  const text = [api, ollama].filter(Boolean).join('; ')
  return text && ` ${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/**
 * Throws an `ApiError` (426) for a request to open a WebSocket. Codex tries one first, and falls back to
 * HTTP at once after this status; after a 405 it tries six more times.
 */
export function refuseUpgrade({ headers, url }: Pick<Request, 'headers' | 'url'>): void {
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') return
  const path = new URL(url).pathname
  const message = `upgrade: expected a plain HTTP request to ${path}, got one to open a WebSocket; send a POST, with stream: true for events.`
  throw new ApiError(426, message, { code: 'websocket_not_supported' })
}
