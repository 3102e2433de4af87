/** Tells parts of a stream one after the other, in whatever order their pieces come. */

/** How a part is told; `index` is its place in the order of beginning. */
export interface PartTeller<Part> {
  /** Whether enough is known of a part to begin it. */
  canBegin(part: Part): boolean
  /** Whether all of it has come, as far as that can be seen before the stream ends. */
  isWhole(part: Part): boolean
  begin(part: Part, index: number): void
  /** Tells what has come of the part since. */
  grow(part: Part, index: number): void
  end(part: Part, index: number): void
}

/**
 * Only one part is open at a time: clients keep one current part and would mix up two. A part ends
 * when another one has begun to come and it is whole itself, or with the stream; until then the
 * pieces of later parts wait.
 */
export class InTurn<Part> {
  readonly #teller: PartTeller<Part>
  readonly #parts: Part[] = []
  /** The first part that has not been told to its end. */
  #at = 0
  #isOpen = false

  constructor(teller: PartTeller<Part>) {
    this.#teller = teller
  }

  /** The part that began last. */
  get last(): Part | undefined {
    return this.#parts.at(-1)
  }

  /** Whether the part is open and the last one, so that what comes of it may be told at once. */
  isCurrent(part: Part): boolean {
    return this.#isOpen && this.#at === this.#parts.length - 1 && this.#parts[this.#at] === part
  }

  /** The place of the part that is open. */
  get at(): number {
    return this.#at
  }

  add(part: Part): void {
    this.#parts.push(part)
  }

  /** Tells whatever may be told by now; at the end of the stream, all of it. */
  advance(isEnd = false): void {
    const teller = this.#teller
    for (;;) {
      const part = this.#parts[this.#at]
      if (part === undefined) return
      if (!this.#isOpen) {
        if (!isEnd && !teller.canBegin(part)) return
        this.#isOpen = true
        teller.begin(part, this.#at)
      }
      teller.grow(part, this.#at)
      const isFollowed = this.#at + 1 < this.#parts.length
      if (!isEnd && !(isFollowed && teller.isWhole(part))) return
      this.#isOpen = false
      teller.end(part, this.#at++)
    }
  }
}
