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
    return now - this.#last >= this.#interval
  }

  /** Something was written. */
  reset(now: number): void {
    this.#last = now
  }
}
