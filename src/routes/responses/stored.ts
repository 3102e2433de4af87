/** What a client may do with a response that is kept. */
import type { IRequest } from 'itty-router'
import type { Settings } from '../../settings/settings.ts'
import type { ResponseStore, StoredResponse } from '../../state/response-store.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import { jsonResponse } from '../json.ts'
import type { Route } from '../lazily.ts'
import type { Trace } from '../trace.ts'
import type { Runs } from './background.ts'

export interface KeptResponsesRoutes {
  /** `GET /v1/responses/{id}`, also as a stream from `starting_after` on. */
  retrieve: Route
  /** `DELETE /v1/responses/{id}` */
  remove: Route
  /** `POST /v1/responses/{id}/cancel` */
  cancel: Route
  /** `GET /v1/responses/{id}/input_items` */
  inputItems: Route
}

/** Each rejects with an `ApiError`: 404 for what its caller has not, 400 for a wrong query. */
export function keptResponsesRoutes(
  store: ResponseStore,
  runs: Runs | undefined,
  { clientTimeout }: Pick<Settings, 'clientTimeout'>,
): KeptResponsesRoutes {
  async function find({ params }: IRequest, trace: Trace): Promise<StoredResponse> {
    const id = params.id ?? ''
    const kept = await store.get(ownerOf(trace), id)
    if (kept === undefined) throw unknown(id)
    return kept
  }

  return {
    async retrieve(request, trace) {
      const { response } = await find(request, trace)
      const query = new URL(request.url).searchParams
      const after = integer(query, 'starting_after', 0, Number.MAX_SAFE_INTEGER)
      if (!flag(query, 'stream')) return jsonResponse(response)
      if (!runs) throw badRequest('stream: here no stream can be picked up again.', 'stream')
      const from = after === undefined ? 0 : after + 1
      return runs.follow(ownerOf(trace), response.id, from, clientTimeout)
    },
    async remove(request, trace) {
      const { id } = (await find(request, trace)).response
      await store.delete(ownerOf(trace), id)
      runs?.delete(ownerOf(trace), id)
      return jsonResponse({ id, object: 'response', deleted: true })
    },
    async cancel(request, trace) {
      const { response } = await find(request, trace)
      if (!response.background) {
        const message = `Response ${response.id} does not run in the background: it is cancelled by closing its connection.`
        throw new ApiError(400, message, { code: 'not_background' })
      }
      runs?.cancel(ownerOf(trace), response.id)
      return jsonResponse(response)
    },
    async inputItems(request, trace) {
      const { input } = await find(request, trace)
      return jsonResponse(page(input, new URL(request.url).searchParams))
    },
  }
}

function ownerOf({ caller }: Trace): string {
  return caller?.name ?? ''
}

function unknown(id: string): ApiError {
  const message = `There is no response ${JSON.stringify(id.slice(0, 80))} any more, or there never was.`
  return new ApiError(404, message, { code: 'response_not_found' })
}

/** A part of the list, newest first unless asked otherwise. */
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
  return JSON.stringify(text.slice(0, 80))
}
