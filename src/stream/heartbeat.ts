/** When an idle stream needs a heartbeat. Times are milliseconds of `performance.now()`. */
export class Heartbeat {
  /** Heartbeats sent. */
  count = 0
  readonly #interval: number
  #last = performance.now()

  constructor(interval: number) {
    this.#interval = interval
  }

  isDue(now: number): boolean {
    return this.remaining(now) <= 0
  }

  /** Milliseconds until the next heartbeat, if nothing is written before. */
  remaining(now: number): number {
    return this.#interval - this.idleTime(now)
  }

  /** Milliseconds since the last write. */
  idleTime(now: number): number {
    return now - this.#last
  }

  /** Something was written. */
  reset(now: number): void {
    this.#last = now
  }
}
