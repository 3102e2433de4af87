import { FairQueue, type FairQueueEntry } from '../../util/fair-queue.ts'

/** A request that waits for a slot. */
export interface SlotQueueEntry extends FairQueueEntry {
  /** The engines that can serve it. */
  members: readonly object[]
  /** Whether no client waits for its answer. */
  isBackground?: boolean | undefined
}

/**
 * How many requests of waiting clients an engine serves in a row while a background request waits for
 * it too. So a background request is served last, but gets every eighth slot if need be: with a time
 * limit instead, all that began to wait together would come before clients at once.
 */
const MOST_PASSED_OVER = 7

/**
 * The requests that wait for a slot: those of waiting clients first, then those in the background, each
 * in turn by caller.
 */
export class SlotQueue<W extends SlotQueueEntry> {
  readonly #interactive = new FairQueue<W>()
  readonly #background = new FairQueue<W>()
  /** By engine, how many wait for it: a slot that nobody waits for must not cost a look at all others. */
  readonly #counts = new Map<object, number>()
  /** For each engine, the requests that were served before one in the background since the last one. */
  readonly #passedOver = new WeakMap<object, number>()

  get size(): number {
    return this.#interactive.size + this.#background.size
  }

  /** How many requests of waiting clients there are. */
  get interactiveSize(): number {
    return this.#interactive.size
  }

  push(waiter: W): void {
    this.#queueOf(waiter).push(waiter)
    this.#count(waiter, 1)
  }

  /** Returns whether the request was in the queue. */
  remove(waiter: W): boolean {
    const wasThere = this.#queueOf(waiter).remove(waiter)
    if (wasThere) this.#count(waiter, -1)
    return wasThere
  }

  /** Whether any request waits for an engine. */
  waitsFor(engine: object): boolean {
    return this.#counts.has(engine)
  }

  #count({ members }: W, by: 1 | -1): void {
    for (const member of members) {
      const count = (this.#counts.get(member) ?? 0) + by
      if (count > 0) this.#counts.set(member, count)
      else {
        this.#counts.delete(member)
        // What comes after a while in which nobody waited has passed nothing over.
        this.#passedOver.delete(member)
      }
    }
  }

  /** Removes and returns the next request that an engine can serve. */
  takeNext(engine: object, isEligible: (waiter: W) => boolean = () => true): W | undefined {
    if (!this.waitsFor(engine)) return undefined
    const waiter = this.#take(engine, isEligible)
    if (waiter !== undefined) this.#count(waiter, -1)
    return waiter
  }

  #take(engine: object, isEligible: (waiter: W) => boolean): W | undefined {
    const passed = this.#passedOver.get(engine) ?? 0
    if (passed < MOST_PASSED_OVER) {
      const waiter = this.#interactive.takeNext(isEligible)
      if (waiter !== undefined) {
        if (this.#background.some(isEligible)) this.#passedOver.set(engine, passed + 1)
        else this.#passedOver.delete(engine)
        return waiter
      }
    }
    this.#passedOver.delete(engine)
    return this.#background.takeNext(isEligible) ?? this.#interactive.takeNext(isEligible)
  }

  /** A request that will be served soon, if not next. */
  peek(): W | undefined {
    return this.#interactive.peek() ?? this.#background.peek()
  }

  /** The requests of waiting clients that match, those of one caller in the order of their arrival. */
  interactive(matches: (waiter: W) => boolean = () => true): W[] {
    return [...this.#interactive].filter(matches)
  }

  /** The order in which they are served, if none leaves and each may use any engine. */
  *inTurn(): Iterable<W> {
    yield* this.#interactive.inTurn()
    yield* this.#background.inTurn()
  }

  *[Symbol.iterator](): Iterator<W> {
    yield* this.#interactive
    yield* this.#background
  }

  #queueOf(waiter: W): FairQueue<W> {
    return waiter.isBackground ? this.#background : this.#interactive
  }
}
