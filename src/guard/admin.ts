/** Who may see what belongs to every caller: the engines, their states and errors, and the runtime. */
import type { Exposure } from '../platform/host.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { Caller } from './caller.ts'
import { isLoopback, nameOf } from './host.ts'
import { isOwnOrigin } from './origin.ts'

/** The names of headers in which proxies, tunnels and content networks tell of the client. */
const FORWARDING =
  /forwarded|client-?ip|connecting-ip|real-ip|proxyuser-ip|^(?:via|cf-ray|tailscale-user-login|x-envoy-external-address|x-original-host)$/

/**
 * Whether a request without a key comes from someone who could read the settings anyway, where no keys
 * are configured: a program on this machine that asks a loopback address itself, or a page of the origin
 * whose service worker this is. A request that passed a proxy can come from anywhere, and one from a page
 * of another origin, even an allowed one, is that page's.
 */
export function isLocalAdmin(request: Request, exposure: Exposure): boolean {
  if (exposure === 'anyone') return false
  const { headers } = request
  if (isOfOtherSite(request)) return false
  let isForwarded = false
  // As in `requireShortHeaders`.
  headers.forEach((_, name) => {
    isForwarded ||= FORWARDING.test(name)
  })
  if (isForwarded) return false
  const host = headers.get('host') ?? new URL(request.url).host
  const origin = headers.get('origin')
  if (origin !== null && !isOwnOrigin(origin, host)) return false
  // A name from --allow-host is that of a proxy which need not say that it is one.
  return exposure === 'page' || isLoopback(nameOf(host))
}

/** Whether a page of another site sent it without an `Origin`, as for an image; a link is followed by the user. */
function isOfOtherSite({ headers, method }: Request): boolean {
  const isOther = /^(?:cross|same)-site$/.test(headers.get('sec-fetch-site') ?? '')
  return isOther && !(method === 'GET' && headers.get('sec-fetch-mode') === 'navigate')
}

/** Throws an `ApiError` (403) for a key that may only read the metrics. */
export function refuseScraper({ isScraper }: Caller): void {
  if (isScraper) throw new ApiError(403, ONLY_METRICS, { code: 'metrics_key' })
}

/** Throws an `ApiError` (403) for a key that may only offer a tab. */
export function refuseOffering({ isOffering }: Caller): void {
  if (isOffering) throw new ApiError(403, ONLY_OFFERS, { code: 'offer_key' })
}

/**
 * Throws an `ApiError` (403) for a caller who may not offer a tab: whoever offers reads the requests that the tab
 * answers, so that a key which may ask is not enough.
 */
export function requireOffering(caller: Caller): void {
  if (caller.isOffering || (caller.isAdmin && caller.name === '')) return
  throw new ApiError(403, caller.name ? NO_OFFER : NO_ADMIN, { code: 'offer_key' })
}

/** Throws an `ApiError` (403) for a caller who may not read the metrics. */
export function requireMetricsAccess(caller: Caller): void {
  if (caller.isAdmin || caller.isScraper) return
  const message = caller.name ? NO_SCRAPER : NO_ADMIN
  throw new ApiError(403, message, { code: 'admin_required' })
}

const ONLY_METRICS =
  'key: expected a key for this route, got one with metrics: true, which may read GET /metrics and nothing else; use another key.'

const ONLY_OFFERS =
  'key: expected a key that may ask, got one with offers: true, which may offer a browser tab (POST /v1/tabs) and nothing else; use another key.'

const NO_OFFER =
  'key: expected a key with offers: true, got another one; pair the tab ("sluice pair NAME" prints a link), or ask the operator.'

const NO_SCRAPER =
  'key: expected a key with admin: true or metrics: true, got another one; use one of these, or ask the operator ("sluice key new NAME --metrics" creates one).'

/** Throws an `ApiError` (403) for a caller who is no admin. */
export function requireAdmin(caller: Caller | undefined): void {
  if (caller?.isAdmin) return
  throw new ApiError(403, caller?.name ? NOT_ADMIN : NO_ADMIN, { code: 'admin_required' })
}

const NOT_ADMIN =
  'key: expected a key with admin: true, got another one; use an admin key, or ask the operator ("sluice key new NAME --admin" creates one).'

const NO_ADMIN =
  'key: expected a key with admin: true, or, where no keys are configured, a request that a program on this machine sends directly to a loopback address; got neither. Configure a key ("sluice key new NAME --admin" creates one) and send it, or send the request without a proxy.'
