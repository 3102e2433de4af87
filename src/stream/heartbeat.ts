/** When a quiet line needs a sign of life. Times are milliseconds of `performance.now()`. */
export class Heartbeat {
  /** How many were sent. */
  count = 0
  readonly #interval: number
  #last = performance.now()

  constructor(interval: number) {
    this.#interval = interval
  }

  isDue(now: number): boolean {
    return this.left(now) <= 0
  }

  /** Milliseconds until one is due, if nothing is written before. */
  left(now: number): number {
    return this.#interval - this.quiet(now)
  }

  /** How long nothing was written. */
  quiet(now: number): number {
    return now - this.#last
  }

  /** Something was written. */
  reset(now: number): void {
    this.#last = now
  }
}
