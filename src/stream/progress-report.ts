/** Milliseconds between two reports. */
const EVERY = 1_000

/** Reports about once a second that tokens came. */
export class ProgressReport {
  readonly #report: () => void
  /** The number of tokens at the last report, and when that was. */
  #tokens = 0
  #at = Number.NEGATIVE_INFINITY

  constructor(report: () => void) {
    this.#report = report
  }

  /** Milliseconds until the first report is due. */
  static readonly first = EVERY

  /** Reports if it is time to and `tokens` has changed. Returns the milliseconds until the next time. */
  tick(tokens: number, now: number): number {
    const left = this.#at + EVERY - now
    if (left > 0) return left
    this.#at = now
    if (tokens !== this.#tokens) this.#report()
    this.#tokens = tokens
    return EVERY
  }
}
