export interface BoundedLimits {
  /** The most entries. */
  count: number
  /** The most bytes of all entries together. */
  bytes: number
  /** Milliseconds without use after which an entry expires. */
  ageMs: number
}

interface Entry<T> {
  value: T
  bytes: number
  usedAt: number
}

/** A map with limits on count, size and age that evicts the least recently used entries. */
export class BoundedMap<T> {
  readonly #limits: BoundedLimits
  readonly #onEvict: (key: string, value: T) => void
  /** The most recently used entry is last. */
  readonly #entries = new Map<string, Entry<T>>()
  #bytes = 0

  constructor(limits: BoundedLimits, onEvict: (key: string, value: T) => void = () => {}) {
    this.#limits = limits
    this.#onEvict = onEvict
  }

  get size(): number {
    return this.#entries.size
  }

  /** Returns false, and stores nothing, where the value alone exceeds the limit of bytes. */
  set(key: string, value: T, bytes: number): boolean {
    this.delete(key)
    if (bytes > this.#limits.bytes) return false
    this.#entries.set(key, { value, bytes, usedAt: performance.now() })
    this.#bytes += bytes
    this.#evict()
    return true
  }

  get(key: string): T | undefined {
    this.#evict()
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, { ...entry, usedAt: performance.now() })
    return entry.value
  }

  /** Returns whether there was such an entry. */
  delete(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    this.#entries.delete(key)
    this.#bytes -= entry.bytes
    this.#onEvict(key, entry.value)
    return true
  }

  #evict(): void {
    const { count, bytes, ageMs } = this.#limits
    const oldest = performance.now() - ageMs
    for (const [key, { usedAt }] of this.#entries) {
      const isFull = this.#entries.size > count || this.#bytes > bytes
      if (!isFull && usedAt >= oldest) return
      this.delete(key)
    }
  }
}
