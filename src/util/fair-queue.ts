/** Who waits in a line: a client's name, shared by all that it asks for. */
export interface Waiting {
  who: string
}

/**
 * A line that is fair between clients: they take turns, and each one's own requests keep the order
 * in which they came. While somebody waits, every other client is let in once at most before him.
 */
export class FairLine<W extends Waiting> {
  /** Clients in the order of their turns. */
  readonly #clients = new Map<string, W[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  push(waiter: W): void {
    this.#size++
    const own = this.#clients.get(waiter.who)
    if (own === undefined) this.#clients.set(waiter.who, [waiter])
    else own.push(waiter)
  }

  /** Returns whether it was there. */
  remove(waiter: W): boolean {
    const own = this.#clients.get(waiter.who) ?? []
    const at = own.indexOf(waiter)
    if (at === -1) return false
    this.#size--
    own.splice(at, 1)
    if (own.length === 0) this.#clients.delete(waiter.who)
    return true
  }

  /** Takes out the next for whom there is a place; his client's turn comes again after all others. */
  take(fits: (waiter: W) => boolean = () => true): W | undefined {
    for (const [who, own] of this.#clients) {
      const at = own.findIndex(fits)
      const waiter = own[at]
      if (waiter === undefined) continue
      this.remove(waiter)
      if (this.#clients.delete(who)) this.#clients.set(who, own)
      return waiter
    }
    return undefined
  }

  /** Who is next. */
  peek(): W | undefined {
    for (const own of this.#clients.values()) return own[0]
    return undefined
  }

  count(fits: (waiter: W) => boolean): number {
    let count = 0
    for (const own of this.#clients.values()) count += own.filter(fits).length
    return count
  }

  *[Symbol.iterator](): Iterator<W> {
    for (const own of this.#clients.values()) yield* own
  }
}
