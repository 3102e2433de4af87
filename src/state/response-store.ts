/** What is kept of responses, so that a later request can name one. */
import type { ResponseItem, ResponseObject } from '../wire/responses/request.ts'
import { Bounded } from './bounded-map.ts'

/** A response, and all that it was asked with: what came before it, and its own input. */
export interface KeptResponse {
  response: ResponseObject
  input: ResponseItem[]
}

/**
 * Keeps responses by their ids, each for its owner alone: a key's name, empty where no key is wanted.
 * What was put is found at once by whoever asks the same store.
 */
export interface ResponseStore {
  put(owner: string, kept: KeptResponse): Promise<void>
  /** Replaces what is still kept under that id; one that was deleted stays deleted. */
  update(owner: string, kept: KeptResponse): Promise<void>
  get(owner: string, id: string): Promise<KeptResponse | undefined>
  /** Returns whether there was one. */
  delete(owner: string, id: string): Promise<boolean>
  /** An item of the input or the output of a response that is kept. */
  item(owner: string, id: string): Promise<ResponseItem | undefined>
}

/** What fits in memory beside the streams: an hour's work of a few agents, on the smallest host. */
const STORE_LIMITS = { count: 4_096, bytes: 32 * 1024 * 1024, ageMs: 24 * 60 * 60_000 }

/** Bytes that an item holds beside its text. */
const ITEM_OVERHEAD = 200

/** Keeps responses in memory; those not used for the longest time go first. */
export function memoryStore(limits = STORE_LIMITS): ResponseStore {
  /** Which response an item was last seen in. */
  const holders = new Map<string, KeptResponse>()
  const responses = new Bounded<KeptResponse>(limits, (key, kept) => {
    const [owner] = JSON.parse(key) as [string, string]
    for (const { id } of itemsOf(kept)) {
      const itemKey = keyOf(owner, id)
      if (holders.get(itemKey) === kept) holders.delete(itemKey)
    }
  })

  function put(owner: string, kept: KeptResponse): void {
    const items = itemsOf(kept)
    const bytes = items.reduce((sum, item) => sum + sizeOf(item), sizeOf(kept.response))
    if (!responses.set(keyOf(owner, kept.response.id), kept, bytes)) return
    for (const { id } of items) holders.set(keyOf(owner, id), kept)
  }

  return {
    async put(owner, kept) {
      put(owner, kept)
    },
    async update(owner, kept) {
      if (responses.get(keyOf(owner, kept.response.id)) !== undefined) put(owner, kept)
    },
    async get(owner, id) {
      return responses.get(keyOf(owner, id))
    },
    async delete(owner, id) {
      return responses.delete(keyOf(owner, id))
    },
    async item(owner, id) {
      const kept = holders.get(keyOf(owner, id))
      // A response that holds what is asked for is in use.
      if (kept === undefined || !responses.get(keyOf(owner, kept.response.id))) return undefined
      return itemsOf(kept).find((item) => item.id === id)
    },
  }
}

/** Owners and ids may hold any character. */
export function keyOf(owner: string, id: string): string {
  return JSON.stringify([owner, id])
}

/** An output item has all that an input item has. */
function itemsOf({ input, response }: KeptResponse): ResponseItem[] {
  return [...input, ...(response.output as ResponseItem[])]
}

/** Conversations share their items: each is measured once. */
const sizes = new WeakMap<object, number>()

/** Two bytes a character, at most. */
function sizeOf(value: ResponseItem | ResponseObject): number {
  const known = sizes.get(value)
  if (known !== undefined) return known
  const size = JSON.stringify(value).length * 2 + ITEM_OVERHEAD
  // What is still being answered grows.
  if (value.status !== 'in_progress' && value.status !== 'queued') sizes.set(value, size)
  return size
}
