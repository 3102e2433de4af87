/** A waiting request. */
export interface FairQueueEntry {
  /** The name of the client's key, shared by all of its requests. */
  caller: string
}

/**
 * A queue that is fair between callers: round robin over callers, first in first out within each.
 * While an entry waits at the head of its caller's entries, every other caller is served at most
 * once.
 */
export class FairQueue<W extends FairQueueEntry> {
  /** Callers in the order in which they are served next. */
  readonly #callers = new Map<string, W[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  push(waiter: W): void {
    this.#size++
    const own = this.#callers.get(waiter.caller)
    if (own === undefined) this.#callers.set(waiter.caller, [waiter])
    else own.push(waiter)
  }

  /** Returns whether the entry was in the queue. */
  remove(waiter: W): boolean {
    const own = this.#callers.get(waiter.caller) ?? []
    const at = own.indexOf(waiter)
    if (at === -1) return false
    this.#size--
    own.splice(at, 1)
    if (own.length === 0) this.#callers.delete(waiter.caller)
    return true
  }

  /** Removes and returns the next eligible entry; its caller goes behind all others. */
  takeNext(isEligible: (waiter: W) => boolean = () => true): W | undefined {
    for (const [caller, own] of this.#callers) {
      const at = own.findIndex(isEligible)
      const waiter = own[at]
      if (waiter === undefined) continue
      this.remove(waiter)
      if (this.#callers.delete(caller)) this.#callers.set(caller, own)
      return waiter
    }
    return undefined
  }

  /** The next entry, without removing it. */
  peek(): W | undefined {
    for (const own of this.#callers.values()) return own[0]
    return undefined
  }

  some(matches: (waiter: W) => boolean): boolean {
    for (const own of this.#callers.values()) if (own.some(matches)) return true
    return false
  }

  /** The order in which they are taken, if none is added or removed and each is eligible. */
  *inTurn(): Iterable<W> {
    const lists = [...this.#callers.values()]
    const most = Math.max(0, ...lists.map(({ length }) => length))
    for (let round = 0; round < most; round++) {
      for (const own of lists) {
        const entry = own[round]
        if (entry !== undefined) yield entry
      }
    }
  }

  *[Symbol.iterator](): Iterator<W> {
    for (const own of this.#callers.values()) yield* own
  }
}

/**
 * The entry that gives up its place to a new one of `caller` where a queue is full: the newest entry of
 * the caller with the most, if that has at least two more than `caller`. With a smaller difference the
 * two would displace each other in turns. Undefined where the new entry has to be refused itself.
 * `entries`: those that share the room, each caller's in the order of arrival.
 */
export function toDisplace<W extends FairQueueEntry>(
  entries: readonly W[],
  caller: string,
): W | undefined {
  const counts = new Map<string, number>()
  for (const entry of entries) counts.set(entry.caller, (counts.get(entry.caller) ?? 0) + 1)
  let most = (counts.get(caller) ?? 0) + 1
  let displaced: string | undefined
  for (const [other, count] of counts) {
    if (count <= most) continue
    most = count
    displaced = other
  }
  return entries.findLast((entry) => entry.caller === displaced)
}
