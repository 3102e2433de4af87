import { matchesPattern } from '../util/matches-pattern.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** Whether a host name, without its port, is a loopback name. */
export function isLoopback(name: string): boolean {
  return /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\]|::1)$/i.test(name)
}

/** The name in a Host header, without the port. */
export function nameOf(host: string): string {
  return host.replace(/:\d+$/, '')
}

/**
 * Throws an `ApiError` (421) for a host that is not allowed. A web page can make its own host name
 * resolve to this machine (DNS rebinding), so that it has the same origin; but the Host header still has
 * the page's name. Allowed are loopback names, `own` and names that match a pattern.
 */
export function requireAllowedHost(host: string, patterns: readonly string[], own = ''): void {
  const asked = host.toLowerCase()
  const name = nameOf(asked)
  if (isLoopback(name) || name === own || patterns.some((each) => matches(each, asked, name)))
    return
  const shown = JSON.stringify(host.slice(0, 100))
  const message = `host: expected a loopback name or a name that --allow-host lists, got ${shown}; add it with --allow-host.`
  throw new ApiError(421, message, { code: 'host_not_allowed' })
}

/** A pattern with a port matches that port only, one without a port matches any. */
function matches(pattern: string, host: string, name: string): boolean {
  return matchesPattern(pattern, /:\d+$/.test(pattern) ? host : name)
}
