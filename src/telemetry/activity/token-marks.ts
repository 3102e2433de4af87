/** The most gaps between tokens that are kept of one request. */
export const MAX_GAPS = 32

/** Milliseconds between two marks, and how many there are: together more than a second. */
const MARK_EVERY = 100
const MARKS = 16

/** When the last tokens of one answer came. Fixed arrays are filled, so that a token allocates nothing. */
export class TokenMarks {
  /** All gaps so far; the last ones are kept. */
  count = 0
  readonly #gaps = new Float32Array(MAX_GAPS)
  /** Moments and how many tokens there were before; the oldest is overwritten. */
  readonly #at = new Float64Array(MARKS)
  readonly #tokens = new Float64Array(MARKS)
  #next = 0
  #last = 0

  /** Tokens came, `gap` milliseconds after the ones before; `before`: how many there were then. */
  add(gap: number | undefined, now: number, before: number): void {
    if (gap !== undefined) this.#gaps[this.count++ % MAX_GAPS] = gap
    if (this.#next > 0 && now - this.#last < MARK_EVERY) return
    const at = this.#next++ % MARKS
    this.#at[at] = now
    this.#tokens[at] = before
    this.#last = now
  }

  /** Another attempt begins: what the one before has answered does not count. */
  restart(): void {
    this.#next = 0
  }

  /** The gaps after the first `known` ones, as far as they are kept, the newest last. */
  since(known: number): number[] {
    const gaps: number[] = []
    for (let at = Math.max(known, this.count - MAX_GAPS); at < this.count; at++)
      gaps.push(Math.round((this.#gaps[at % MAX_GAPS] ?? 0) * 10) / 10)
    return gaps
  }

  /** Of `tokens` in all, those that came in the last second, to a tenth of a second. */
  rate(tokens: number, now: number): number {
    const oldest = Math.max(0, this.#next - MARKS)
    for (let at = oldest; at < this.#next; at++) {
      const slot = at % MARKS
      if (now - (this.#at[slot] ?? 0) < 1_000) return tokens - (this.#tokens[slot] ?? 0)
    }
    return 0
  }
}
