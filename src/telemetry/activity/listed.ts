import type { ObservedRequest } from '../request-observer.ts'

/** Routes that only look at sluice itself; whoever watches would see little else. */
const UNLISTED = new Set([
  ...['/', '/status', '/health', '/health/ready', '/metrics', '/openapi.json', '/openapi.html'],
  '/api/version',
])
const UNLISTED_BELOW = /^\/v1\/(activity|captures)(\/|$)/

/** Whether a request is shown: not those of the page and of watchers, nor preflight requests. */
export function isListed({ route, path, method }: ObservedRequest): boolean {
  if (method === 'OPTIONS') return false
  if (route !== undefined) return !UNLISTED.has(route) && !UNLISTED_BELOW.test(route)
  // No route, or none yet: a client with a wrong address is shown, a file of the page is not.
  return /\/(v1|api)\//.test(path) || (method !== 'GET' && method !== 'HEAD')
}
