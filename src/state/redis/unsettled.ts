import { type HeldPermit, PERMIT_LEASE, type UseSoFar } from '../limits.ts'

/** The most requests whose end the store is told later. */
const MOST = 10_000

/** How many ends are told at once: a store that is just back must answer all of them in time. */
const AT_ONCE = 128

/** Milliseconds after which it is tried again where no other call comes. */
const RETRY = 1_000

interface Ended {
  permit: HeldPermit
  used: UseSoFar | undefined
  at: number
}

export interface UnsettledOptions {
  /** Tells the store of one end; returns whether that was done. */
  settle: (permit: HeldPermit, used: UseSoFar | undefined) => Promise<boolean>
  isAway: () => boolean
  clock: () => number
}

/** The ends of requests of which the store has still to be told. */
export class Unsettled {
  readonly #options: UnsettledOptions
  #waiting: Ended[] = []
  #telling: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: UnsettledOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#waiting.length
  }

  add(permit: HeldPermit, used: UseSoFar | undefined): void {
    if (this.#waiting.length >= MOST) return
    this.#waiting.push({ permit, used, at: this.#options.clock() })
    this.#tellLater()
  }

  /** Tells the store of all, a part at a time; ends with the first part of which some failed. */
  tell(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined
      this.#tellLater()
    })
    return this.#telling
  }

  async #tellAll(): Promise<void> {
    const { settle, clock } = this.#options
    while (this.#waiting.length > 0) {
      // Of those whose lease has ended, the store knows nothing any more.
      const oldest = clock() - PERMIT_LEASE
      const part = this.#waiting.splice(0, AT_ONCE).filter(({ at }) => at > oldest)
      const outcomes = await Promise.all(part.map(({ permit, used }) => settle(permit, used)))
      const failed = part.filter((_, index) => outcomes[index] === false)
      // Behind the others: one that always fails keeps none of them waiting.
      this.#waiting.push(...failed)
      if (failed.length > 0) return
    }
  }

  /** Where the store is away, whoever owns this says when it is back. */
  #tellLater(): void {
    const { isAway } = this.#options
    if (this.#timer !== undefined || this.#waiting.length === 0 || isAway()) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (!isAway()) void this.tell()
    }, RETRY)
  }
}
