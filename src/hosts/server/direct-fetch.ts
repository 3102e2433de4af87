import { isLoopback } from '../../guard/host.ts'
import type { Fetch } from '../../platform/fetch.ts'
import { socketFetch } from '../../transport/http1/fetch.ts'
import type { Dial } from '../../transport/http1/socket.ts'

const PROXIES = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']

/**
 * Sends requests at `http:` over the host's sockets, and those that need TLS or a proxy by `fetch`. `copied`: as of
 * `socketFetch`.
 */
export function directFetch(dial: Dial, otherwise: Fetch, copied?: number): Fetch {
  const direct = socketFetch(dial, copied)
  let hasProxy: boolean | undefined

  function isDirect(url: string): boolean {
    if (!url.startsWith('http://')) return false
    hasProxy ??= PROXIES.some((name) => process.env[name])
    return !hasProxy || isLoopback(new URL(url).hostname)
  }

  return (url, init) => (isDirect(url) ? direct : otherwise)(url, init)
}
