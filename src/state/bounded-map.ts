export interface BoundedLimits {
  count: number
  bytes: number
  /** Milliseconds since it was last used. */
  ageMs: number
}

interface Entry<T> {
  value: T
  bytes: number
  usedAt: number
}

/** A map that never outgrows its limits: what was not used for the longest time goes first. */
export class Bounded<T> {
  readonly #limits: BoundedLimits
  readonly #onDrop: (key: string, value: T) => void
  /** The one used last is the last. */
  readonly #entries = new Map<string, Entry<T>>()
  #bytes = 0

  constructor(limits: BoundedLimits, onDrop: (key: string, value: T) => void = () => {}) {
    this.#limits = limits
    this.#onDrop = onDrop
  }

  get size(): number {
    return this.#entries.size
  }

  /** Returns whether it is kept: what is larger than the limit is not. */
  set(key: string, value: T, bytes: number): boolean {
    this.delete(key)
    if (bytes > this.#limits.bytes) return false
    this.#entries.set(key, { value, bytes, usedAt: performance.now() })
    this.#bytes += bytes
    this.#trim()
    return true
  }

  get(key: string): T | undefined {
    this.#trim()
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, { ...entry, usedAt: performance.now() })
    return entry.value
  }

  /** Returns whether there was one. */
  delete(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    this.#entries.delete(key)
    this.#bytes -= entry.bytes
    this.#onDrop(key, entry.value)
    return true
  }

  #trim(): void {
    const { count, bytes, ageMs } = this.#limits
    const oldest = performance.now() - ageMs
    for (const [key, { usedAt }] of this.#entries) {
      const isFull = this.#entries.size > count || this.#bytes > bytes
      if (!isFull && usedAt >= oldest) return
      this.delete(key)
    }
  }
}
