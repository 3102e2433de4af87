/**
 * Stored responses, which a later request can continue by `previous_response_id` or refer to by
 * item.
 */

import { lengthOf } from '../wire/json/write-in-steps.ts'
import type { ResponseItem, ResponseObject } from '../wire/responses/request.ts'
import { BoundedMap } from './bounded-map.ts'

/** A response with its complete input: the earlier conversation and its own input items. */
export interface StoredResponse {
  response: ResponseObject
  input: ResponseItem[]
}

/**
 * Stores responses by id, each readable by its owner alone: the name of an API key, or empty where
 * no keys are configured. A `put` that has resolved is visible to every later read of the same
 * store. For one response `put` is called once, first and awaited before its id is sent; `update` is
 * called when it has ended, after `put` has settled.
 */
export interface ResponseStore {
  put(owner: string, stored: StoredResponse): Promise<void>
  /** Replaces a response that is still stored; does nothing where it was deleted meanwhile. */
  update(owner: string, stored: StoredResponse): Promise<void>
  get(owner: string, id: string): Promise<StoredResponse | undefined>
  /** Returns whether there was such a response. */
  delete(owner: string, id: string): Promise<boolean>
  /** An input or output item, by its own id, of any stored response. */
  item(owner: string, id: string): Promise<ResponseItem | undefined>
  /** How many are stored, for the metrics; a store need not know. */
  readonly size?: number | undefined
}

/** Fits in memory besides the streams on the smallest host: an hour of work of a few agents. */
const STORE_LIMITS = { count: 4_096, bytes: 32 * 1024 * 1024, ageMs: 24 * 60 * 60_000 }

/** Estimated bytes of an item besides its text. */
const ITEM_OVERHEAD = 200

/**
 * Stores responses in this process's memory. Where it is full, it evicts the least recently used one
 * of the owner with the most; a response that is larger than what it can free so is not stored.
 */
export function memoryResponseStore(limits = STORE_LIMITS): ResponseStore {
  /** The response in which each item was stored last. */
  const responseByItem = new Map<string, StoredResponse>()
  const responses = new BoundedMap<StoredResponse>(limits, (owner, _id, stored) => {
    for (const { id } of itemsOf(stored)) {
      const itemKey = storeKey(owner, id)
      if (responseByItem.get(itemKey) === stored) responseByItem.delete(itemKey)
    }
  })

  function put(owner: string, stored: StoredResponse): void {
    const items = itemsOf(stored)
    const bytes = items.reduce((sum, item) => sum + sizeOf(item), sizeOf(stored.response))
    if (!responses.set(owner, stored.response.id, stored, bytes)) return
    for (const { id } of items) responseByItem.set(storeKey(owner, id), stored)
  }

  return {
    get size() {
      return responses.size
    },
    async put(owner, stored) {
      put(owner, stored)
    },
    async update(owner, stored) {
      if (responses.get(owner, stored.response.id) !== undefined) put(owner, stored)
    },
    async get(owner, id) {
      return responses.get(owner, id)
    },
    async delete(owner, id) {
      return responses.delete(owner, id)
    },
    async item(owner, id) {
      const stored = responseByItem.get(storeKey(owner, id))
      // Reading an item marks its response as used, so that it is not evicted.
      if (stored === undefined || !responses.get(owner, stored.response.id)) return undefined
      return itemsOf(stored).find((item) => item.id === id)
    },
  }
}

/** As JSON, since owners and ids may contain any separator. */
export function storeKey(owner: string, id: string): string {
  return JSON.stringify([owner, id])
}

/** Output items have every field of an input item. */
function itemsOf({ input, response }: StoredResponse): ResponseItem[] {
  return [...input, ...(response.output as ResponseItem[])]
}

/** Conversations share item objects: each is measured once. */
const sizes = new WeakMap<object, number>()

/** About the most that it takes in bytes: JavaScript stores at most two for each character. */
function sizeOf(value: ResponseItem | ResponseObject): number {
  const known = sizes.get(value)
  if (known !== undefined) return known
  const size = lengthOf(value, Number.POSITIVE_INFINITY) * 2 + ITEM_OVERHEAD
  // A response in progress still grows, so its size is not cached.
  if (value.status !== 'in_progress' && value.status !== 'queued') sizes.set(value, size)
  return size
}
