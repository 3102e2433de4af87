/** Tokens per second of the last answers, without the time to their first tokens. */

/** How many tokens are looked at: about the last seconds. */
const WINDOW = 200

export class Rate {
  readonly #at: number[] = []
  #perSecond = 0

  /** So many tokens were made now. */
  add(tokens: number): void {
    const now = performance.now()
    for (let count = 0; count < tokens; count++) this.#at.push(now)
    if (this.#at.length > WINDOW) this.#at.splice(0, this.#at.length - WINDOW)
    const [first = now] = this.#at
    // Fewer say little, as tokens come in batches.
    if (this.#at.length < 3 || now - first < 50) return
    this.#perSecond = Math.round(((this.#at.length - 1) / (now - first)) * 10_000) / 10
  }

  /** An answer is over: the pause before the next one does not count. */
  end(): void {
    this.#at.length = 0
  }

  /** Rounded to a tenth; 0 before anything was measured. */
  get perSecond(): number {
    return this.#perSecond
  }
}
