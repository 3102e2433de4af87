/** Characters of events that are read at once, unless a single event has more. */
const READ_LENGTH = 65_536

/**
 * The events of one response, stored so that a client can resume its stream after a lost
 * connection.
 */
export class EventLog {
  readonly #maxLength: number
  #frames: string[] = []
  /** The number of the first event that is still stored. */
  #first = 0
  #length = 0
  #isEnded = false
  #changed = Promise.withResolvers<void>()

  /** Stores at most `maxLength` characters; beyond that the oldest events are discarded. */
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

  /** Characters stored. */
  get length(): number {
    return this.#length
  }

  append(frame: string): void {
    this.#frames.push(frame)
    this.#length += frame.length
    if (this.#length > this.#maxLength) this.#discardOldest()
    this.#notifyReaders()
  }

  end(): void {
    this.#isEnded = true
    this.#notifyReaders()
  }

  /**
   * Some of the events from number `from` on: at most 64 KiB of them, so that a reader which does not
   * go on holds no more, or one that is larger. Waits if none is there yet; resolves with undefined
   * once the log has ended. Rejects with a `RangeError` where event `from` was discarded.
   */
  async read(from: number): Promise<string[] | undefined> {
    while (from >= this.next) {
      if (this.#isEnded) return undefined
      await this.#changed.promise
    }
    if (from < this.#first)
      throw new RangeError(`event ${from} was discarded; the log begins at event ${this.#first}`)
    const start = from - this.#first
    let end = start
    for (let length = 0; end < this.#frames.length && length < READ_LENGTH; end++) {
      length += (this.#frames[end] as string).length
    }
    return this.#frames.slice(start, end)
  }

  /** Discards an eighth at once: discarding single events would move the whole array each time. */
  #discardOldest(): void {
    let count = 0
    for (const goal = (this.#maxLength * 7) / 8; this.#length > goal; count++) {
      this.#length -= (this.#frames[count] as string).length
    }
    this.#frames = this.#frames.slice(count)
    this.#first += count
  }

  #notifyReaders(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers()
    resolve()
  }
}
