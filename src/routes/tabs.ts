/** Browser tabs that offer their GPUs. */

import { readJsonBytes } from '../guard/body.ts'
import { SSE_HEADERS } from '../stream/sse-response.ts'
import { transformWriter } from '../stream/transform-writer.ts'
import type { Offering } from '../tabs/hub.ts'
import { readBatch, readHello } from '../tabs/read-messages.ts'
import type { Tab } from '../tabs/tab.ts'
import { quoted } from '../util/safe/quoted.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { readBody } from './exchange.ts'
import { jsonResponse } from './json.ts'
import { SAME_ORIGIN } from './policy.ts'
import { provided } from './provided.ts'
import type { RouteContext, RouteHandler } from './route.ts'
import type { Trace } from './trace.ts'

const UNSTORED = { 'cache-control': 'no-store' }

/** `GET /v1/tabs`: those that are connected, for admins. */
export const listTabs: RouteHandler = async (_request, _trace, { tabs }) => {
  return jsonResponse(
    { object: 'list', data: provided(tabs).tabs.map(shown) },
    { headers: UNSTORED },
  )
}

/** `POST /v1/tabs`: a tab joins, and reads what is asked of it. Rejects with an `ApiError` (400, 403, 410, 429, 501). */
export const joinTab: RouteHandler = async (request, trace, context) => {
  requireShared(context)
  const hello = readHello(await readBody(request, trace, context))
  const body = transformWriter()
  provided(context.tabs).join(hello, offeringOf(trace), body)
  const leave = () => body.break(new Error('the tab left'))
  request.signal.addEventListener('abort', leave, { once: true })
  // It may have left while its message was read.
  if (request.signal.aborted) leave()
  return body.respond({ headers: { ...SSE_HEADERS, ...SAME_ORIGIN } })
}

/** `POST /v1/tabs/{id}`: what a tab says. Rejects with an `ApiError` (400, 403, 409, 410). */
export const tellTab: RouteHandler = async (request, trace, context) => {
  const { tabs, settings } = context
  requireShared(context)
  const { key } = offeringOf(trace)
  const tab = provided(tabs).find(String(request.params.id), key)
  await trace.caller?.enter()
  const { maxBody, bodyTimeout } = settings
  const { bytes, value } = await readJsonBytes(request, maxBody, bodyTimeout, trace.caller?.name)
  const taken = tab.receive(readBatch(value), bytes.length)
  // A tab sends one for every token or so.
  trace.silence()
  return jsonResponse(taken, { headers: UNSTORED })
}

/** `DELETE /v1/tabs/{id}`: ends the link of a tab. Rejects with an `ApiError` (404). */
export const removeTab: RouteHandler = async ({ params }, _trace, { tabs }) => {
  const id = String(params.id)
  const tab = provided(tabs).tabs.find((each) => each.id === id)
  if (tab === undefined) {
    const message = `id: expected the id of a tab that is connected, got ${quoted(id)}; GET /v1/tabs lists them.`
    throw new ApiError(404, message, { code: 'not_found', param: 'id' })
  }
  tab.dismiss('the operator of the server has ended the link')
  return jsonResponse({ id, object: 'tab', deleted: true })
}

function offeringOf({ caller }: Trace): Offering {
  const { name = '', owner, shared, hash } = caller?.limits ?? {}
  return { key: name, owner, isShared: shared, hash }
}

/** What an admin sees of a tab. */
function shown({ id, name, key, joinedAt, state, running, served }: Tab) {
  const created_at = Math.floor(joinedAt / 1000)
  return { id, object: 'tab', name, key, created_at, running, served, ...state }
}

/** Throws an `ApiError` (501) where requests cannot reach each other: a tab is asked by others than its own. */
export function requireShared({ isolates }: Pick<RouteContext, 'isolates'>): void {
  if (!isolates) return
  const message =
    'tabs: expected a server whose requests can reach each other, got a worker without the Durable Object for tabs; start sluice on workerd with --tabs, or add the binding TABS of the class BrowserTabs to wrangler.toml and deploy again.'
  throw new ApiError(501, message, { code: 'not_supported' })
}
