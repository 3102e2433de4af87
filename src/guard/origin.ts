/** Which pages may ask, and what a browser has to be told of it (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol). */

import { matchesPattern } from '../settings/patterns.ts'
import { parseUrl } from '../util/parse-url.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** Seconds a browser may remember a preflight; Chrome never does so for longer. */
const MAX_AGE = '7200'

const EXPOSED = [
  'x-request-id',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'openai-processing-ms',
  'x-ratelimit-limit-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-requests',
  'x-ratelimit-reset-tokens',
  'x-sluice-omitted-tools',
].join(', ')

const PREFLIGHT_VARY = [
  'origin',
  'access-control-request-method',
  'access-control-request-headers',
  'access-control-request-private-network',
].join(', ')

/**
 * The foreign origin that asks, if a page of one does and it may; undefined for one's own pages and
 * for programs, which name none. Throws an `ApiError` (403) for one that may not.
 */
export function foreignOrigin(
  request: Request,
  host: string,
  patterns: readonly string[],
): string | undefined {
  const origin = request.headers.get('origin')
  if (origin === null || isOwn(origin, host)) return undefined
  if (patterns.some((pattern) => allows(pattern, origin.toLowerCase()))) return origin
  const shown = JSON.stringify(origin.slice(0, 100))
  const message = `origin: expected an origin that --allow-origin lists, got ${shown}; add it with --allow-origin.`
  throw new ApiError(403, message, { code: 'origin_not_allowed' })
}

/**
 * What the answer to a page of an allowed origin says besides, so that a browser lets it be asked
 * for, and read. A preflight names the methods where the path is known.
 */
export function corsHeaders({ method, headers }: Request, origin: string): Record<string, string> {
  const shared = { 'access-control-allow-origin': origin, vary: 'origin' }
  if (method !== 'OPTIONS') return { ...shared, 'access-control-expose-headers': EXPOSED }
  const named = headers.get('access-control-request-headers')
  const isPrivate = headers.get('access-control-request-private-network') === 'true'
  return {
    ...shared,
    vary: PREFLIGHT_VARY,
    'access-control-max-age': MAX_AGE,
    ...(named !== null && { 'access-control-allow-headers': named }),
    // Chrome asks so before a public page reaches an address of one's own network.
    ...(isPrivate && { 'access-control-allow-private-network': 'true' }),
  }
}

/** By the host alone: a proxy that ends TLS hides the scheme. */
function isOwn(origin: string, host: string): boolean {
  const url = parseUrl(origin)
  return url !== null && /^https?:$/.test(url.protocol) && url.host === host.toLowerCase()
}

/** `*` in a host stands for one name or more, `:*` for any port. */
function allows(pattern: string, origin: string): boolean {
  if (pattern === '*') return true
  if (!pattern.includes('*')) return pattern === origin
  const [, scheme, name, port] = /^([^/]+:\/\/)(.*?)(:\d+)?$/.exec(origin) ?? []
  const [, wantedScheme, wantedName = '', wantedPort] =
    /^([^/]+:\/\/)(.*?)(:(?:\d+|\*))?$/.exec(pattern) ?? []
  if (scheme !== wantedScheme || name === undefined) return false
  const isPort = wantedPort === ':*' || wantedPort === port
  return isPort && matchesPattern(wantedName, name)
}
