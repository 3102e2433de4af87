/** Which requests go to the object of the browser tabs, and what becomes of an answer that it cannot end. */
import { errorResponse, familyOf } from '../../src/routes/api.ts'
import { allFamilies } from '../../src/routes/families.ts'
import { parseUrl } from '../../src/util/parse-url.ts'
import { ApiError } from '../../src/wire/errors/api-error.ts'
import { endWithError } from './end-with-error.ts'
import type { Knows } from './forward.ts'
import { isNamespace } from './platform.ts'

/** All that a tab may answer, or that shows what the object knows; not the files of the page. */
const SHARED_PATH = /^\/(?:v1|api)\/|^\/(?:health(?:\/ready)?|status|metrics)\/?$/

/** What a tab whose key the object alone knows asks for. */
const OFFERED_PATH = /^\/v1\/tabs(?:\/|$)|^\/v1\/pairings\/redeem\/?$/

/** Answered alike for everybody. */
const OPEN_PATH = /^\/(?:health|status|api\/version)/

/** No client reaches this path, since it is not among the shared ones. */
export const CLOSE_PATH = '/close'

/** There is one for all tabs: whoever asks has to meet them. */
const NAME = 'tabs'

/**
 * Sends a request that concerns tabs to their object; undefined where there is none, or it does not. A stranger's
 * wakes no object, but for the routes that are open.
 */
export async function forwardToTabs(
  request: Request,
  { TABS: tabs }: Record<string, unknown>,
  handler: Knows,
): Promise<Response | undefined> {
  if (!isNamespace(tabs) || request.method === 'OPTIONS') return undefined
  const path = parseUrl(request.url)?.pathname ?? ''
  if (!SHARED_PATH.test(path)) return undefined
  const isOpen = OFFERED_PATH.test(path) || OPEN_PATH.test(path)
  if (!isOpen && !(await handler.isKnown(request))) return undefined
  try {
    return endWithError(await tabs.getByName(NAME).fetch(request), path, lost())
  } catch (cause) {
    return errorResponse(
      lost(cause),
      familyOf(path, request.headers, allFamilies),
      crypto.randomUUID(),
    )
  }
}

/** Ends the connections of all tabs, once none answers a request. */
export async function closeTabs({ TABS: tabs }: Record<string, unknown>): Promise<Response> {
  if (!isNamespace(tabs)) return new Response(null, { status: 204 })
  return tabs.getByName(NAME).fetch(new Request(`http://object${CLOSE_PATH}`))
}

function lost(cause?: unknown): ApiError {
  const message =
    'tabs: expected the Durable Object of the browser tabs to answer to the end, and it was restarted or lost; tabs join again by themselves, so retry.'
  const headers = { 'retry-after': '1' }
  return new ApiError(503, message, { code: 'engine_lost', headers, cause })
}
