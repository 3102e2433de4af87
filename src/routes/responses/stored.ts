/**
 * What a client may do with a stored response. Each route rejects with an `ApiError`: 404 for what is
 * not stored for its caller, 400 for a wrong query.
 */

import type { StoredResponse } from '../../state/response-store.ts'
import type { RunKey } from '../../state/run-log.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import type { ResponseObject } from '../../wire/responses/request.ts'
import { jsonResponse } from '../json.ts'
import type { RouteContext, RouteHandler, RouteRequest } from '../route.ts'
import { isOpen } from '../runs/runs.ts'
import type { Trace } from '../trace.ts'

/** `GET /v1/responses/{id}`, also as a stream of the events after `starting_after`. */
export const retrieveResponse: RouteHandler = async (request, trace, context) => {
  const { response } = await find(request, trace, context)
  const query = new URL(request.url).searchParams
  const after = integer(query, 'starting_after', 0, Number.MAX_SAFE_INTEGER)
  const key = keyOf(trace, response.id)
  if (!flag(query, 'stream')) return jsonResponse(await current(key, response, context, trace.docs))
  const { followResponse } = await import('./events.ts')
  return followResponse(request, key, after, context, trace.docs)
}

/** `DELETE /v1/responses/{id}` */
export const deleteResponse: RouteHandler = async (request, trace, context) => {
  const { store, runs } = context.responses
  const { id } = (await find(request, trace, context)).response
  await store.delete(ownerOf(trace), id)
  await runs?.delete(keyOf(trace, id))
  return jsonResponse({ id, object: 'response', deleted: true })
}

/** `POST /v1/responses/{id}/cancel` */
export const cancelResponse: RouteHandler = async (request, trace, context) => {
  const { response } = await find(request, trace, context)
  if (!response.background) {
    const message = `id: expected a response that runs in the background, got ${response.id}, which does not; close its connection to cancel it.`
    throw new ApiError(400, message, { code: 'not_background', param: 'id' })
  }
  const { runs } = context.responses
  const key = keyOf(trace, response.id)
  const run = runs?.get(key)
  const state = await runs?.stop(key)
  // As it is here, which the store may learn of later, or as the instance that runs it stores it.
  if (run !== undefined) return jsonResponse(run.options.response ?? response)
  if (state !== 'running' || !runs?.shared)
    return jsonResponse(await current(key, response, context, trace.docs))
  const { untilStopped } = await import('./events.ts')
  return jsonResponse((await untilStopped(key, context, trace.docs)) ?? response)
}

/** `GET /v1/responses/{id}/input_items` */
export const listInputItems: RouteHandler = async (request, trace, context) => {
  const { input } = await find(request, trace, context)
  return jsonResponse(page(input, new URL(request.url).searchParams))
}

/** The response as it is now. */
async function current(
  key: RunKey,
  response: ResponseObject,
  context: RouteContext,
  docs: Trace['docs'],
): Promise<ResponseObject> {
  // Most have ended: for these nothing is loaded.
  if (!context.responses.runs?.shared || !isOpen(response)) return response
  const { currentResponse } = await import('./events.ts')
  return currentResponse(key, response, context, docs)
}

function keyOf(trace: Trace, id: string): RunKey {
  return { owner: ownerOf(trace), id }
}

/** Rejects with an `ApiError` (404) for a response that is not stored for this caller. */
async function find(
  { params }: RouteRequest,
  trace: Trace,
  { responses }: RouteContext,
): Promise<StoredResponse> {
  const id = params.id ?? ''
  const stored = await responses.store.get(ownerOf(trace), id)
  if (stored === undefined) throw unknown(id)
  return stored
}

function ownerOf({ caller }: Trace): string {
  return caller?.name ?? ''
}

function unknown(id: string): ApiError {
  const message = `id: expected the id of a response that is stored for you, got ${quoted(id)}; responses are stored for 24 hours after their last use; send the whole conversation instead.`
  return new ApiError(404, message, { code: 'response_not_found', param: 'id' })
}

/** One page of the list, newest first by default. */
function page<T extends { id: string }>(items: readonly T[], query: URLSearchParams) {
  const order = query.get('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') {
    throw badRequest(`order: expected "asc" or "desc", got ${shown(order)}.`, 'order')
  }
  const limit = integer(query, 'limit', 1, 100) ?? 20
  const all = order === 'asc' ? items : items.toReversed()
  const after = query.get('after')
  const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
  if (after !== null && start === 0) {
    throw badRequest(`after: expected the id of an item in the list, got ${shown(after)}.`, 'after')
  }
  const data = all.slice(start, start + limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < all.length,
  }
}

function integer(
  query: URLSearchParams,
  name: string,
  low: number,
  high: number,
): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : -1
  if (value >= low && value <= high) return value
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`
  throw badRequest(`${name}: expected an integer ${range}, got ${shown(text)}.`, name)
}

function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  if (text === null || text === 'false') return false
  if (text === 'true') return true
  throw badRequest(`${name}: expected true or false, got ${shown(text)}.`, name)
}

function shown(text: string): string {
  return quoted(text)
}
