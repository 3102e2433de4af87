import { matchesPattern } from '../settings/patterns.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** Whether a host name, without its port, can only mean the machine itself. */
export function isLoopback(name: string): boolean {
  return /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\]|::1)$/i.test(name)
}

/**
 * Throws an `ApiError` (421) for a host that nobody allowed. A page can make its own name lead to
 * this machine (DNS rebinding), and is then of one origin with it; but the name it asks for stays
 * its own. Allowed are loopback names, `own` and those that match a pattern.
 */
export function requireAllowedHost(host: string, patterns: readonly string[], own = ''): void {
  const asked = host.toLowerCase()
  const name = asked.replace(/:\d+$/, '')
  if (isLoopback(name) || name === own || patterns.some((each) => matches(each, asked, name)))
    return
  const shown = JSON.stringify(host.slice(0, 100))
  const message = `host: expected a loopback name or a name that --allow-host lists, got ${shown}; add it with --allow-host.`
  throw new ApiError(421, message, { code: 'host_not_allowed' })
}

/** A pattern with a port means that port, one without any. */
function matches(pattern: string, host: string, name: string): boolean {
  return matchesPattern(pattern, /:\d+$/.test(pattern) ? host : name)
}
