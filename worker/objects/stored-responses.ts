/** Stored responses at the edge: one object for each owner. */
import type { BoundedLimits } from '../../src/state/bounded-map.ts'
import type { ResponseStore, StoredResponse } from '../../src/state/response-store.ts'
import type { ResponseItem } from '../../src/wire/responses/request.ts'
import { answerCall, callObject } from './call.ts'
import type { ObjectNamespace, ObjectState, SqlValue } from './platform.ts'
import { partsOf, Tables } from './tables.ts'

/** Of one owner. Larger than in memory, since it lies on a disk. */
const LIMITS = { count: 4_096, bytes: 256 * 1024 * 1024, ageMs: 24 * 60 * 60_000 }

/** The part of their age after which a use is written again, since that costs a row: an hour of a day. */
const USE_STEP = 1 / 24

const SCHEMA = [
  // `items`: the ids of its items, each between line breaks, for a search: an index of them would write
  // as many rows as a conversation has items, for each of its responses.
  `CREATE TABLE responses (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, usedAt INTEGER, bytes INTEGER, items TEXT, text TEXT
  )`,
  // What does not fit into one row.
  `CREATE TABLE parts (
    number INTEGER, part INTEGER, text TEXT, PRIMARY KEY (number, part)
  ) WITHOUT ROWID`,
]

/**
 * The store, in the objects of its owners.
 *
 * An object for each owner rather than for each response, since an item is found by its own id alone, in any
 * response of its owner, and since what one owner stores is bounded together; nobody else's request can ever
 * reach it.
 */
export function objectResponseStore(namespace: ObjectNamespace): ResponseStore {
  const call = (owner: string, method: string, ...args: unknown[]) =>
    callObject(namespace, `r:${owner}`, method, args)
  return {
    async put(owner, stored) {
      await call(owner, 'put', stored)
    },
    async update(owner, stored) {
      await call(owner, 'update', stored)
    },
    async get(owner, id) {
      return (await call(owner, 'get', id)) as StoredResponse | undefined
    },
    async delete(owner, id) {
      return (await call(owner, 'delete', id)) === true
    },
    async item(owner, id) {
      return (await call(owner, 'item', id)) as ResponseItem | undefined
    },
  }
}

/** The stored responses of one owner. */
export class StoredResponses {
  readonly #tables: Tables
  readonly #storage: ObjectState['storage']
  #count: number
  #bytes: number
  readonly #limits: BoundedLimits
  /** When those were used last that were since the object was made, by number. */
  readonly #used = new Map<number, number>()
  #hasAlarm = false

  constructor(state: ObjectState, _env?: unknown, limits: BoundedLimits = LIMITS) {
    this.#limits = limits
    this.#storage = state.storage
    this.#tables = new Tables(state, 'responses', SCHEMA)
    const [sum] = this.#tables.read('SELECT count(*) AS count, sum(bytes) AS bytes FROM responses')
    this.#count = Number(sum?.count ?? 0)
    this.#bytes = Number(sum?.bytes ?? 0)
  }

  fetch(request: Request): Promise<Response> {
    return answerCall(request, {
      put: (stored: StoredResponse) => this.#put(stored),
      update: (stored: StoredResponse) => this.#update(stored),
      get: (id: string) => this.#get(id),
      delete: (id: string) => this.#delete(id),
      item: (id: string) => this.#item(id),
    })
  }

  /** Deletes what nobody has used for long enough. */
  async alarm(): Promise<void> {
    this.#hasAlarm = false
    const now = Date.now()
    const expired = this.#tables.read(
      'SELECT number, bytes FROM responses WHERE usedAt <= ?',
      now - this.#limits.ageMs,
    )
    for (const row of expired) this.#remove(row)
    if (this.#count > 0) return this.#setAlarm()
    await this.#storage.deleteAll()
    this.#tables.forget()
  }

  async #put(stored: StoredResponse): Promise<void> {
    const { id } = stored.response
    this.#delete(id)
    const text = JSON.stringify(stored)
    // An upper bound.
    const bytes = text.length * 3
    if (bytes > this.#limits.bytes) return
    this.#evict(bytes)
    const [first = '', ...others] = partsOf(text)
    const now = Date.now()
    this.#storage.transactionSync(() => {
      this.#tables.write(
        'INSERT INTO responses (id, usedAt, bytes, items, text) VALUES (?, ?, ?, ?, ?)',
        ...[id, now, bytes, idsOf(stored), first],
      )
      const [made] = this.#tables.read('SELECT number FROM responses WHERE id = ?', id)
      this.#insertParts(made?.number, others)
    })
    this.#count++
    this.#bytes += bytes
    await this.#setAlarm()
  }

  async #update(stored: StoredResponse): Promise<void> {
    const [row] = this.#find(stored.response.id)
    if (row === undefined) return
    const text = JSON.stringify(stored)
    const bytes = text.length * 3
    const [first = '', ...others] = partsOf(text)
    const { number = null } = row
    this.#storage.transactionSync(() => {
      this.#tables.write(
        'UPDATE responses SET usedAt = ?, bytes = ?, items = ?, text = ? WHERE number = ?',
        ...[Date.now(), bytes, idsOf(stored), first, number],
      )
      this.#tables.write('DELETE FROM parts WHERE number = ?', number)
      this.#insertParts(number, others)
    })
    this.#bytes += bytes - Number(row.bytes)
    this.#evict(0)
  }

  #get(id: string): StoredResponse | undefined {
    const [row] = this.#find(id)
    return row && this.#use(row)
  }

  #delete(id: string): boolean {
    const [row] = this.#find(id)
    if (row !== undefined) this.#remove(row)
    return row !== undefined
  }

  #item(id: string): ResponseItem | undefined {
    const [row] = this.#tables.read(
      'SELECT * FROM responses WHERE usedAt > ? AND instr(items, ?) > 0 ORDER BY number DESC LIMIT 1',
      ...[Date.now() - this.#limits.ageMs, `\n${JSON.stringify(id)}\n`],
    )
    const stored = row && this.#use(row)
    return stored && itemsOf(stored).find((item) => item.id === id)
  }

  #find(id: string): Row[] {
    return this.#tables.read(
      'SELECT * FROM responses WHERE id = ? AND usedAt > ?',
      ...[id, Date.now() - this.#limits.ageMs],
    )
  }

  #use({ number = null, usedAt, text }: Row): StoredResponse {
    const now = Date.now()
    this.#used.set(Number(number), now)
    if (now - Number(usedAt) > this.#limits.ageMs * USE_STEP)
      this.#tables.write('UPDATE responses SET usedAt = ? WHERE number = ?', now, number)
    const others = this.#tables.read(
      'SELECT text FROM parts WHERE number = ? ORDER BY part',
      number,
    )
    return JSON.parse(`${text}${others.map((part) => part.text).join('')}`) as StoredResponse
  }

  #insertParts(number: SqlValue = null, parts: readonly string[]): void {
    for (const [part, text] of parts.entries())
      this.#tables.write('INSERT INTO parts VALUES (?, ?, ?)', number, part, text)
  }

  #remove({ number = null, bytes = 0 }: Row): void {
    this.#tables.write('DELETE FROM responses WHERE number = ?', number)
    this.#tables.write('DELETE FROM parts WHERE number = ?', number)
    this.#used.delete(Number(number))
    this.#count--
    this.#bytes -= Number(bytes)
  }

  /** Makes room, the least recently used first. */
  #evict(bytes: number): void {
    while (this.#count >= this.#limits.count || this.#bytes + bytes > this.#limits.bytes) {
      const oldest = this.#leastRecentlyUsed()
      if (oldest === undefined) return
      this.#remove(oldest)
    }
  }

  #leastRecentlyUsed(): Row | undefined {
    let oldest: { row: Row; at: number } | undefined
    for (const row of this.#tables.read('SELECT number, usedAt, bytes FROM responses')) {
      const at = this.#used.get(Number(row.number)) ?? Number(row.usedAt)
      if (oldest === undefined || at < oldest.at) oldest = { row, at }
    }
    return oldest?.row
  }

  async #setAlarm(): Promise<void> {
    if (this.#hasAlarm) return
    this.#hasAlarm = true
    const [row] = this.#tables.read('SELECT min(usedAt) AS usedAt FROM responses')
    await this.#storage.setAlarm(Number(row?.usedAt ?? Date.now()) + this.#limits.ageMs)
  }
}

type Row = Record<string, SqlValue>

/** Output items have every field of an input item. */
function itemsOf({ input, response }: StoredResponse): ResponseItem[] {
  return [...input, ...(response.output as ResponseItem[])]
}

/** As JSON, since a client chooses the ids of its items. */
function idsOf(stored: StoredResponse): string {
  const ids = itemsOf(stored).map(({ id }) => JSON.stringify(id))
  return `\n${ids.join('\n')}\n`
}
