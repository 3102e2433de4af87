/** Writes the parts of a stream one after the other, although their deltas may be interleaved. */

/** Writes a part; `index` is its position among the parts. */
export interface PartWriter<Part> {
  /** Whether enough of the part has arrived to start it. */
  canBegin(part: Part): boolean
  /** Whether the part is known to be complete before the stream ends. */
  isComplete(part: Part): boolean
  begin(part: Part, index: number): void
  /** Writes the pending content of the part. */
  writePending(part: Part, index: number): void
  end(part: Part, index: number): void
}

/**
 * Only one part is open at a time, because some clients track a single current part and would mix up
 * two. A part ends when it is complete and another one has started to arrive, or when the stream
 * ends; until then the deltas of later parts stay pending.
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

  /** The last part that was added. */
  get last(): Part | undefined {
    return this.#parts.at(-1)
  }

  /** Whether the part is open and no other follows, so that its deltas can be written at once. */
  isCurrent(part: Part): boolean {
    return (
      this.#isOpen && this.#index === this.#parts.length - 1 && this.#parts[this.#index] === part
    )
  }

  /** The index of the open part. */
  get index(): number {
    return this.#index
  }

  add(part: Part): void {
    this.#parts.push(part)
  }

  /** Writes everything that can be written now; at the end of the stream, everything. */
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
