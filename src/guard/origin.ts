/** Which web pages may send requests, and the CORS headers for browsers (https://fetch.spec.whatwg.org/#http-cors-protocol). */

import { SettingsError } from '../settings/error.ts'
import type { Settings } from '../settings/types.ts'
import { matchesPattern } from '../util/matches-pattern.ts'
import { parseUrl } from '../util/parse-url.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { Callers } from './authenticate.ts'

/** Seconds for which a browser may cache a preflight; Chrome's maximum. */
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
  ...['limit', 'remaining', 'reset'].flatMap((what) =>
    ['requests', 'tokens'].flatMap((unit) =>
      ['day', 'month'].map((period) => `x-ratelimit-${what}-${unit}-${period}`),
    ),
  ),
  'x-sluice-omitted-tools',
  'x-sluice-resume',
].join(', ')

const PREFLIGHT_VARY = [
  'origin',
  'access-control-request-method',
  'access-control-request-headers',
  'access-control-request-private-network',
].join(', ')

/**
 * The origin of a request from a web page of another origin; undefined for sluice's own pages and for
 * programs, which send no origin. Throws an `ApiError` (403) for an origin that is not allowed.
 */
export function foreignOrigin(
  request: Request,
  host: string,
  patterns: readonly string[],
): string | undefined {
  const origin = request.headers.get('origin')
  if (origin === null || isOwnOrigin(origin, host)) return undefined
  if (patterns.some((pattern) => allows(pattern, origin.toLowerCase()))) return origin
  const shown = JSON.stringify(origin.slice(0, 100))
  const message = `origin: expected an origin that --allow-origin lists, got ${shown}; add it with --allow-origin.`
  throw new ApiError(403, message, { code: 'origin_not_allowed' })
}

/**
 * The CORS headers of a response to a page of an allowed origin. The methods of a preflight are added
 * where the route is known.
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
    // Chrome requires this before a public page may use an address in a private network.
    ...(isPrivate && { 'access-control-allow-private-network': 'true' }),
  }
}

/**
 * Throws a `SettingsError` for `*` where nothing tells who asks: any website could use the GPU of
 * whoever opens it.
 */
export function requireKnownCallers(
  { allowOrigin, keys }: Pick<Settings, 'allowOrigin' | 'keys'>,
  { callers }: { callers?: Callers | undefined },
): void {
  const hasKeys = keys.some(({ offers }) => !offers)
  if (!allowOrigin.includes('*') || hasKeys || callers !== undefined) return
  throw new SettingsError(
    'allowOrigin: "*" lets the pages of every website send requests, and no keys are set; name the origins, or set keys.',
  )
}

/**
 * Whether an origin is that of sluice itself. Compares only the host: behind a proxy that terminates TLS,
 * the scheme is unknown.
 */
export function isOwnOrigin(origin: string, host: string): boolean {
  const url = parseUrl(origin)
  return url !== null && /^https?:$/.test(url.protocol) && url.host === host.toLowerCase()
}

/** `*` in a host matches one or more labels, `:*` any port. */
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
