/** What happens to stored responses while the shared store is away. */
import {
  memoryResponseStore,
  type ResponseStore,
  type StoredResponse,
  storeKey,
} from '../response-store.ts'
import { StateAwayError } from './port.ts'

export interface GuardedResponsesOptions {
  /** Whether new responses are refused while the shared store is away. */
  isClosed: boolean
  /** Where they are meanwhile. */
  local?: ResponseStore
}

export interface GuardedResponses extends ResponseStore {
  /** Sends what was stored here alone; to be called when the shared store is back, and tried now and then. */
  onBack(): Promise<void>
  /** What waits to be sent is given up. */
  close(): void
}

/** Responses that wait to be sent; more lose their place, and are found here alone. */
const MOST_WAITING = 4_096

/** Milliseconds until what waits is sent again: a connection can be back at once, and nobody tells of that. */
const SEND_AGAIN = 1_000

/** A change that the shared store has not taken yet. Each is a new object, so that a later one is told apart. */
interface Waiting {
  kind: 'put' | 'update' | 'delete'
  owner: string
  id: string
}

/**
 * A shared store in front of memory. While it is away, responses are stored here and found here alone; when it is
 * back, it is sent them. What it has itself can't be read meanwhile: those calls reject. Where `isClosed`, a new
 * response is refused; the end of one that it has already waits here all the same.
 */
export function guardedResponses(
  shared: ResponseStore,
  options: GuardedResponsesOptions,
): GuardedResponses {
  return new LocalWhileAway(shared, options.local ?? memoryResponseStore(), options.isClosed)
}

class LocalWhileAway implements GuardedResponses {
  readonly #shared: ResponseStore
  readonly #local: ResponseStore
  readonly #isClosed: boolean
  readonly #waiting = new Map<string, Waiting>()
  #sending: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(shared: ResponseStore, local: ResponseStore, isClosed: boolean) {
    this.#shared = shared
    this.#local = local
    this.#isClosed = isClosed
  }

  async put(owner: string, stored: StoredResponse): Promise<void> {
    try {
      await this.#shared.put(owner, stored)
      // What waits under its id is older.
      this.#waiting.delete(storeKey(owner, stored.response.id))
    } catch (error) {
      if (!(error instanceof StateAwayError) || this.#isClosed) throw error
      await this.#keep('put', owner, stored)
    }
  }

  async update(owner: string, stored: StoredResponse): Promise<void> {
    const waiting = this.#waiting.get(storeKey(owner, stored.response.id))
    if (waiting?.kind === 'delete') return
    if (waiting) return this.#keep(waiting.kind, owner, stored)
    try {
      await this.#shared.update(owner, stored)
    } catch (error) {
      if (!(error instanceof StateAwayError)) throw error
      await this.#keep('update', owner, stored)
    }
  }

  async get(owner: string, id: string): Promise<StoredResponse | undefined> {
    const waiting = this.#waiting.get(storeKey(owner, id))
    if (waiting?.kind === 'delete') return undefined
    const here = waiting && (await this.#local.get(owner, id))
    return here ?? this.#shared.get(owner, id)
  }

  async item(owner: string, id: string) {
    const here = this.#waiting.size > 0 ? await this.#local.item(owner, id) : undefined
    return here ?? this.#shared.item(owner, id)
  }

  async delete(owner: string, id: string): Promise<boolean> {
    const key = storeKey(owner, id)
    const waiting = this.#waiting.get(key)
    if (waiting?.kind === 'delete') return false
    const was = waiting !== undefined && (await this.#local.delete(owner, id))
    // A call that was given up may have been carried out later, so the shared store is asked in any case.
    try {
      const isDeleted = await this.#shared.delete(owner, id)
      this.#waiting.delete(key)
      return isDeleted || was
    } catch (error) {
      if (!was || !(error instanceof StateAwayError)) throw error
      this.#wait({ kind: 'delete', owner, id })
      return true
    }
  }

  onBack(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
      if (this.#waiting.size > 0) this.#sendLater()
    })
    return this.#sending
  }

  close(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  #sendLater(): void {
    if (this.#isOver) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.onBack()
    }, SEND_AGAIN)
  }

  async #keep(kind: Waiting['kind'], owner: string, stored: StoredResponse): Promise<void> {
    await this.#local.put(owner, stored)
    this.#wait({ kind, owner, id: stored.response.id })
  }

  #wait(change: Waiting): void {
    const key = storeKey(change.owner, change.id)
    this.#waiting.delete(key)
    this.#waiting.set(key, change)
    this.#sendLater()
    if (this.#waiting.size <= MOST_WAITING) return
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest)
      return
    }
  }

  /** Ends at the first failure: it is called again when the store is back again. */
  async #send(): Promise<void> {
    for (let next = first(this.#waiting); next; next = first(this.#waiting)) {
      const [key, change] = next
      try {
        await this.#sendOne(change)
      } catch (error) {
        if (error instanceof StateAwayError) return
        // It is refused for good, and would keep all others waiting.
      }
      if (this.#waiting.get(key) !== change) continue
      this.#waiting.delete(key)
      await this.#local.delete(change.owner, change.id)
    }
  }

  async #sendOne({ kind, owner, id }: Waiting): Promise<void> {
    if (kind === 'delete') {
      await this.#shared.delete(owner, id)
      return
    }
    const stored = await this.#local.get(owner, id)
    if (stored) await this.#shared[kind](owner, stored)
  }
}

function first<K, V>(map: ReadonlyMap<K, V>): [K, V] | undefined {
  for (const entry of map) return entry
  return undefined
}
