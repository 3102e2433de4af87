/**
 * Bytes of an item from which it is parted from its neighbours, and of several from which they make a run. Two such
 * runs have less than 128 KB, from which on V8 keeps a text among large objects: decoding one takes twice as long.
 */
export const LONG_ITEM = 61_440

/** Bytes of a string from which its end is kept, so that nothing looks for it again. */
export const LONG_STRING = 16_384

/**
 * Commas that part the items of long lists, or the fields of long objects, into runs: each run is a single item,
 * or shorter than two long ones. Told of every comma in turn, it keeps few of them.
 */
export class Cuts {
  readonly positions: number[] = []
  /** Where long strings end, by where they begin; an `Outline` has those of the whole text. */
  readonly strings = new Map<number, number>()
  /** The last comma, and the last one that is kept. */
  #comma = 0
  #cut = 0

  /** A list or an object begins. */
  begin(at: number): void {
    this.#comma = at
    this.#cut = at
  }

  comma(at: number): void {
    if (at - this.#comma >= LONG_ITEM) {
      this.#isolate()
      this.#keep(at)
    } else if (at - this.#cut >= LONG_ITEM) this.#keep(at)
    this.#comma = at
  }

  /** The list or the object ends. */
  end(at: number): void {
    if (at - this.#comma >= LONG_ITEM) this.#isolate()
  }

  /** Parts what follows the last comma from what precedes it. */
  #isolate(): void {
    if (this.#comma > this.#cut) this.#keep(this.#comma)
  }

  #keep(at: number): void {
    this.positions.push(at)
    this.#cut = at
  }
}
