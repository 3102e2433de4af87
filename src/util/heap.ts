/** A binary heap, whose first item comes before all others. An item may change its rank. */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean
  readonly #items: T[] = []
  readonly #places = new Map<T, number>()

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  /** Adds an item, or moves it to where it belongs after its rank has changed. O(log n) */
  place(item: T): void {
    const at = this.#places.get(item) ?? this.#items.length
    this.#put(item, at)
    this.#sink(item, this.#rise(item, at))
  }

  delete(item: T): void {
    const at = this.#places.get(item)
    if (at === undefined) return
    this.#places.delete(item)
    const last = this.#items.pop() as T
    if (last === item) return
    this.#put(last, at)
    this.#sink(last, this.#rise(last, at))
  }

  /** Moves an item towards the first place; returns where it is then. */
  #rise(item: T, from: number): number {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = this.#items[above] as T
      if (!this.#isBefore(item, other)) break
      this.#put(other, at)
      at = above
    }
    this.#put(item, at)
    return at
  }

  /** Moves an item away from the first place. */
  #sink(item: T, from: number): void {
    const items = this.#items
    let at = from
    for (let below = 2 * at + 1; below < items.length; below = 2 * at + 1) {
      const right = below + 1
      if (right < items.length && this.#isBefore(items[right] as T, items[below] as T))
        below = right
      const other = items[below] as T
      if (!this.#isBefore(other, item)) break
      this.#put(other, at)
      at = below
    }
    this.#put(item, at)
  }

  #put(item: T, at: number): void {
    this.#items[at] = item
    this.#places.set(item, at)
  }
}
