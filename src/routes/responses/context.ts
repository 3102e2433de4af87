/** The conversation of a request: its stored part, and what the request adds. */

import type { Placed } from '../../dialects/responses/dialect.ts'
import { requireItemLimits } from '../../guard/size.ts'
import type { ResponseStore } from '../../state/response-store.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import { completeItem, type ResponseItem } from '../../wire/responses/items.ts'
import { parseResponsesRequest, type ResponsesRequest } from '../../wire/responses/request.ts'
import type { RouteContext } from '../route.ts'
import { newId } from '../runs/stream-id.ts'
import type { Trace } from '../trace.ts'

/** A request of the API, read and checked, whose answer is not stored. */
export async function readConversation(
  body: unknown,
  trace: Trace,
  { settings, responses: { store } }: RouteContext,
): Promise<{ request: ResponsesRequest; items: Placed[]; id: string }> {
  requireItemLimits(body, settings)
  const request = parseResponsesRequest(body)
  const id = newResponseId()
  const items = await contextOf(store, trace.caller?.name ?? '', request, id)
  requireItemLimits({ input: items }, settings)
  return { request, items, id }
}

export function newResponseId(): string {
  return newId('resp')
}

/**
 * All items that the engine is sent, oldest first; `id` is that of the new response. Rejects with an
 * `ApiError` (400, 404) where the request refers to something that is not stored.
 */
export async function contextOf(
  store: ResponseStore,
  owner: string,
  { input, previous_response_id }: ResponsesRequest,
  id: string,
): Promise<Placed[]> {
  const items: Placed[] = []
  if (previous_response_id) {
    for (const item of await previous(store, owner, previous_response_id)) {
      items.push({ item, at: 'previous_response_id' })
    }
  }
  const given = typeof input === 'string' ? [{ role: 'user', content: input }] : (input ?? [])
  for (const [index, each] of given.entries()) {
    const at = `input[${index}]`
    const item = completeItem(each, `in_${id.slice('resp_'.length)}${index}`)
    const isReference = item.type === 'item_reference'
    items.push({ item: isReference ? await referred(store, owner, item.id, at) : item, at })
  }
  return items
}

async function previous(
  store: ResponseStore,
  owner: string,
  id: string,
): Promise<readonly ResponseItem[]> {
  const stored = await store.get(owner, id)
  const field = 'previous_response_id'
  if (stored === undefined) {
    const message = `${field}: expected the id of a stored response, got ${shown(id)}; it was deleted, has expired, made room for newer ones, or was requested with store: false. Send the whole conversation as input.`
    throw new ApiError(400, message, { code: 'previous_response_not_found', param: field })
  }
  const { status, output } = stored.response
  if (status === 'completed' || status === 'incomplete') {
    return [...stored.input, ...(output as ResponseItem[])]
  }
  const how = status === 'failed' || status === 'cancelled' ? status : 'not complete yet'
  throw badRequest(
    `${field}: expected a complete response, got one that is ${how}; send the whole conversation as input.`,
    field,
  )
}

async function referred(
  store: ResponseStore,
  owner: string,
  id: string,
  at: string,
): Promise<ResponseItem> {
  const item = await store.item(owner, id)
  if (item !== undefined) return item
  const message = `${at}.id: expected the id of a stored item, got ${shown(id)}; send the item itself.`
  throw new ApiError(404, message, { code: 'item_not_found', param: `${at}.id` })
}

function shown(id: string): string {
  return quoted(id)
}
