/** The most gaps between tokens that are kept of one request. */
export const MAX_GAPS = 32

/** Milliseconds between two marks, and how many there are: together more than a second. */
const MARK_EVERY = 100
const MARKS = 16

/** Where the numbers of each kind begin in the array that holds them all. */
const AT = 0
const TOKENS = MARKS
const GAPS = 2 * MARKS

/**
 * When the last tokens of one answer came: gaps, and marks, which are moments with how many tokens there
 * were before. One fixed array is filled, so that a token allocates nothing; it is made at the second
 * token, so that nothing is before the first.
 */
export class TokenMarks {
  /** All gaps so far; the last ones are kept. */
  count = 0
  #values: Float64Array | undefined
  /** How many marks were made. */
  #marks = 0
  #lastMark = 0
  #firstAt = 0

  /** Tokens came, `gap` milliseconds after the ones before; `before`: how many there were then. */
  add(gap: number | undefined, now: number, before: number): void {
    if (gap === undefined) {
      this.#firstAt = now
      this.#marks = 0
      return
    }
    const values = this.#values ?? this.#make()
    values[GAPS + (this.count++ % MAX_GAPS)] = gap
    if (this.#marks === 0) this.#mark(values, this.#firstAt, 0)
    if (now - this.#lastMark >= MARK_EVERY) this.#mark(values, now, before)
  }

  #make(): Float64Array {
    this.#values = new Float64Array(GAPS + MAX_GAPS)
    return this.#values
  }

  #mark(values: Float64Array, now: number, before: number): void {
    const at = this.#marks++ % MARKS
    values[AT + at] = now
    values[TOKENS + at] = before
    this.#lastMark = now
  }

  /** Another attempt begins: what the one before has answered does not count. */
  restart(): void {
    this.#marks = 0
    this.#firstAt = 0
  }

  /** The gaps after the first `known` ones, as far as they are kept, the newest last. */
  since(known: number): number[] {
    const gaps: number[] = []
    for (let at = Math.max(known, this.count - MAX_GAPS); at < this.count; at++)
      gaps.push(Math.round((this.#values?.[GAPS + (at % MAX_GAPS)] ?? 0) * 10) / 10)
    return gaps
  }

  /** Of `tokens` in all, those that came in the last second, to a tenth of a second. */
  rate(tokens: number, now: number): number {
    const values = this.#values
    if (values === undefined || this.#marks === 0) return now - this.#firstAt < 1_000 ? tokens : 0
    for (let each = Math.max(0, this.#marks - MARKS); each < this.#marks; each++) {
      const at = each % MARKS
      if (now - (values[AT + at] ?? 0) < 1_000) return tokens - (values[TOKENS + at] ?? 0)
    }
    return 0
  }
}
