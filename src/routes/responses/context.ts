/** What a request's conversation consists of: what is kept of it, and what the request adds. */
import type { Placed } from '../../dialects/responses/dialect.ts'
import type { ResponseStore } from '../../state/response-store.ts'
import { ApiError, badRequest } from '../../wire/errors/api-error.ts'
import { completeItem, type ResponseItem } from '../../wire/responses/items.ts'
import type { ResponsesRequest } from '../../wire/responses/request.ts'

/**
 * All items that the engine has to be told, oldest first; `id` is the new response's. Rejects with
 * an `ApiError` (400, 404) where something is named that is not kept.
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
  const kept = await store.get(owner, id)
  const field = 'previous_response_id'
  if (kept === undefined) {
    const message = `${field}: there is no response ${shown(id)} any more, or there never was; one asked for with store: false is not kept.`
    throw new ApiError(400, message, { code: 'previous_response_not_found', param: field })
  }
  const { status, output } = kept.response
  if (status === 'completed' || status === 'incomplete') {
    return [...kept.input, ...(output as ResponseItem[])]
  }
  const how = status === 'failed' || status === 'cancelled' ? status : 'not complete yet'
  throw badRequest(`${field}: expected a response that is complete, got one that is ${how}.`, field)
}

async function referred(
  store: ResponseStore,
  owner: string,
  id: string,
  at: string,
): Promise<ResponseItem> {
  const item = await store.item(owner, id)
  if (item !== undefined) return item
  const message = `${at}.id: there is no item ${shown(id)} any more, or there never was; send the item itself.`
  throw new ApiError(404, message, { code: 'item_not_found', param: `${at}.id` })
}

function shown(id: string): string {
  return JSON.stringify(id.slice(0, 80))
}
