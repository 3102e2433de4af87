/** Writes the parts of a stream one after the other, in whatever order their pieces arrive. */

/** How a part is written; `index` is its position among the parts. */
export interface PartWriter<Part> {
  /** Whether enough of the part has arrived to begin it. */
  canBegin(part: Part): boolean
  /** Whether the part is known to be complete although the stream goes on. */
  isComplete(part: Part): boolean
  begin(part: Part, index: number): void
  /** Writes what has been held back of the part. */
  writePending(part: Part, index: number): void
  end(part: Part, index: number): void
}

/**
 * Only one part is open at a time, because some clients keep a single current part and would mix up
 * two. A part ends when it is complete and another one has started to arrive, or when the stream
 * ends; until then the pieces of later parts are held back.
 */
export class SequentialParts<Part> {
  readonly #writer: PartWriter<Part>
  readonly #parts: Part[] = []
  /** The index of the first part that has not ended. */
  #index = 0
  #isOpen = false

  constructor(writer: PartWriter<Part>) {
    this.#writer = writer
  }

  /** The part that was added last. */
  get last(): Part | undefined {
    return this.#parts.at(-1)
  }

  /** Whether the part is open and nothing follows it, so that its pieces can be written at once. */
  isCurrent(part: Part): boolean {
    return (
      this.#isOpen && this.#index === this.#parts.length - 1 && this.#parts[this.#index] === part
    )
  }

  /** The index of the part that is open. */
  get index(): number {
    return this.#index
  }

  add(part: Part): void {
    this.#parts.push(part)
  }

  /** Writes whatever may be written by now; at the end of the stream, everything. */
  advance(isEnd = false): void {
    const writer = this.#writer
    for (;;) {
      const part = this.#parts[this.#index]
      if (part === undefined) return
      if (!this.#isOpen) {
        if (!isEnd && !writer.canBegin(part)) return
        this.#isOpen = true
        writer.begin(part, this.#index)
      }
      writer.writePending(part, this.#index)
      const isFollowed = this.#index + 1 < this.#parts.length
      if (!isEnd && !(isFollowed && writer.isComplete(part))) return
      this.#isOpen = false
      writer.end(part, this.#index++)
    }
  }
}
