import { Heap } from '../util/heap.ts'

export interface BoundedLimits {
  /** The most entries. */
  count: number
  /** The most bytes of all entries together. */
  bytes: number
  /** Milliseconds without use after which an entry expires. */
  ageMs: number
}

interface Entry<T> {
  owner: Owner<T>
  key: string
  value: T
  bytes: number
  usedAt: number
}

interface Owner<T> {
  name: string
  /** The most recently used entry is last. */
  entries: Map<string, Entry<T>>
  bytes: number
  /** Numbers all uses of the map: the least recently active owner has the lowest one. */
  lastUse: number
}

/**
 * A map with limits on count, size and age, in which each entry has an owner. Where it is full, it
 * evicts the least recently used entry of the owner that has the most of what is exceeded: entries or
 * bytes. So one owner may use all of it, and an owner that uses at most a fair share (the limit divided
 * by the number of owners) never loses an entry because of another. All operations take O(log n).
 */
export class BoundedMap<T> {
  readonly #limits: BoundedLimits
  readonly #onEvict: (owner: string, key: string, value: T) => void
  readonly #owners = new Map<string, Owner<T>>()
  /** All entries, the most recently used last: the first ones expire first. */
  readonly #byUse = new Set<Entry<T>>()
  /** The owner with the most comes first; of equal ones the least recently active. */
  readonly #byCount = new Heap<Owner<T>>((a, b) =>
    a.entries.size === b.entries.size ? a.lastUse < b.lastUse : a.entries.size > b.entries.size,
  )
  readonly #byBytes = new Heap<Owner<T>>((a, b) =>
    a.bytes === b.bytes ? a.lastUse < b.lastUse : a.bytes > b.bytes,
  )
  #bytes = 0
  #uses = 0

  /** `onEvict` is called for each entry that is removed, for whatever reason. */
  constructor(
    limits: BoundedLimits,
    onEvict: (owner: string, key: string, value: T) => void = () => {},
  ) {
    this.#limits = limits
    this.#onEvict = onEvict
  }

  get size(): number {
    return this.#byUse.size
  }

  /** The bytes of all entries. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Returns false, and stores nothing, where the value is larger than its owner's fair share and than
   * what can be freed of owners that use more.
   */
  set(name: string, key: string, value: T, bytes: number): boolean {
    this.#expire()
    this.delete(name, key)
    if (!this.#hasRoomFor(name, bytes)) return false
    const owner = this.#owners.get(name) ?? { name, entries: new Map(), bytes: 0, lastUse: 0 }
    this.#owners.set(name, owner)
    const entry = { owner, key, value, bytes, usedAt: 0 }
    owner.bytes += bytes
    this.#bytes += bytes
    this.#use(entry)
    // The new entry is never evicted itself: it would have to be its owner's only one, and that owner
    // the one with the most, which `#hasRoomFor` excludes.
    while (this.size > this.#limits.count) this.#evictFrom(this.#byCount.first)
    while (this.#bytes > this.#limits.bytes) this.#evictFrom(this.#byBytes.first)
    return true
  }

  get(name: string, key: string): T | undefined {
    this.#expire()
    const entry = this.#owners.get(name)?.entries.get(key)
    if (entry === undefined) return undefined
    this.#use(entry)
    return entry.value
  }

  /** Returns whether there was such an entry. */
  delete(name: string, key: string): boolean {
    const entry = this.#owners.get(name)?.entries.get(key)
    if (entry === undefined) return false
    this.#remove(entry)
    return true
  }

  /**
   * Whether a value fits once its owner has no other entry, and no other owner has as much as it takes:
   * then its owner is the one with the most.
   */
  #hasRoomFor(name: string, bytes: number): boolean {
    const { bytes: limit } = this.#limits
    const own = this.#owners.get(name)
    if (this.#bytes - (own?.bytes ?? 0) + bytes <= limit) return true
    const owners = this.#owners.size + (own === undefined ? 1 : 0)
    if (bytes * owners <= limit) return true
    // Only for a value above its fair share, which takes longer to serialize than this loop.
    let others = 0
    for (const each of this.#owners.values()) {
      if (each !== own) others += leftBelow(each, bytes)
    }
    return others + bytes <= limit
  }

  /** Marks an entry as the most recently used one. */
  #use(entry: Entry<T>): void {
    const { owner, key } = entry
    entry.usedAt = performance.now()
    owner.lastUse = ++this.#uses
    owner.entries.delete(key)
    owner.entries.set(key, entry)
    this.#byUse.delete(entry)
    this.#byUse.add(entry)
    this.#rank(owner)
  }

  #evictFrom(owner: Owner<T> | undefined): void {
    for (const entry of owner?.entries.values() ?? []) {
      this.#remove(entry)
      return
    }
  }

  #expire(): void {
    const oldest = performance.now() - this.#limits.ageMs
    for (const entry of this.#byUse) {
      if (entry.usedAt >= oldest) return
      this.#remove(entry)
    }
  }

  #remove(entry: Entry<T>): void {
    const { owner, key, value, bytes } = entry
    this.#byUse.delete(entry)
    owner.entries.delete(key)
    owner.bytes -= bytes
    this.#bytes -= bytes
    this.#rank(owner)
    this.#onEvict(owner.name, key, value)
  }

  /** Puts an owner where it belongs after a change; one without entries is forgotten. */
  #rank(owner: Owner<T>): void {
    if (owner.entries.size > 0) {
      this.#byCount.place(owner)
      this.#byBytes.place(owner)
      return
    }
    this.#owners.delete(owner.name)
    this.#byCount.delete(owner)
    this.#byBytes.delete(owner)
  }
}

/** The bytes that an owner has left when its entries are evicted until it has less than `bytes`. */
function leftBelow<T>(owner: Owner<T>, bytes: number): number {
  let left = owner.bytes
  for (const entry of owner.entries.values()) {
    if (left < bytes) break
    left -= entry.bytes
  }
  return left
}
