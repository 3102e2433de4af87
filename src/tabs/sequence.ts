/** Messages of one direction of a link: each arrives once and in order, although connections break. */

/** A message and its number, from 1 on. */
export interface Numbered<T> {
  seq: number
  item: T
}

/** What was sent and not confirmed yet. */
export class Outbox<T> {
  readonly #most: number
  #items: T[] = []
  /** The number of the first item. */
  #first = 1

  /** `most`: how many messages may wait to be confirmed. */
  constructor(most: number) {
    this.#most = most
  }

  /** The number of the last message; 0 before the first one. */
  get last(): number {
    return this.#first + this.#items.length - 1
  }

  /** How many messages the other side has not confirmed. */
  get waiting(): number {
    return this.#items.length
  }

  /** What waits, from the first message on, at most so many. */
  oldest(count: number): Numbered<T>[] {
    return this.#items.slice(0, count).map((item, n) => ({ seq: this.#first + n, item }))
  }

  /** Adds a message and returns its number; undefined where too many wait. */
  push(item: T): number | undefined {
    if (this.#items.length >= this.#most) return undefined
    this.#items.push(item)
    return this.last
  }

  /** The other side has everything up to this number. Returns whether that can be. */
  confirm(seq: number): boolean {
    if (seq > this.last) return false
    const count = seq - this.#first + 1
    if (count <= 0) return true
    this.#items.splice(0, count)
    this.#first = seq + 1
    return true
  }

  /** The messages after a number; undefined where some of them are no longer here. */
  after(seq: number): Numbered<T>[] | undefined {
    if (seq < this.#first - 1 || seq > this.last) return undefined
    const skipped = seq - this.#first + 1
    return this.#items.slice(skipped).map((item, index) => ({ seq: seq + 1 + index, item }))
  }
}

/** What has arrived. */
export class Inbox {
  /** The number of the last message that was taken. */
  last = 0

  /**
   * The messages that are new, of several whose first has the number `first`; undefined where some before
   * them are missing.
   */
  take<T>(first: number, items: readonly T[]): readonly T[] | undefined {
    if (first > this.last + 1) return undefined
    const fresh = items.slice(this.last + 1 - first)
    this.last += fresh.length
    return fresh
  }
}
