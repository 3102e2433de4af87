/** The events of one response, kept so that a client can pick its stream up again. */
export class EventLog {
  readonly #maxLength: number
  #frames: string[] = []
  /** The number of the first event that is still kept. */
  #first = 0
  #length = 0
  #isEnded = false
  #change = Promise.withResolvers<void>()

  /** Keeps at most `maxLength` characters: the oldest events go first. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  get first(): number {
    return this.#first
  }

  /** The number that the next event will have. */
  get next(): number {
    return this.#first + this.#frames.length
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Characters that are kept. */
  get length(): number {
    return this.#length
  }

  append(frame: string): void {
    this.#frames.push(frame)
    this.#length += frame.length
    if (this.#length > this.#maxLength) this.#shrink()
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  /**
   * The events from number `from` on, some at a time, waited for where none is there yet; undefined
   * where none will come any more. Rejects where they are no longer kept.
   */
  async read(from: number, most = 256): Promise<string[] | undefined> {
    while (from >= this.next) {
      if (this.#isEnded) return undefined
      await this.#change.promise
    }
    if (from < this.#first) throw new RangeError('events that are no longer kept')
    return this.#frames.slice(from - this.#first, from - this.#first + most)
  }

  /** An eighth at once: one at a time would move all the others each time. */
  #shrink(): void {
    let count = 0
    for (const goal = (this.#maxLength * 7) / 8; this.#length > goal; count++) {
      this.#length -= (this.#frames[count] as string).length
    }
    this.#frames = this.#frames.slice(count)
    this.#first += count
  }

  #wake(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve()
  }
}
