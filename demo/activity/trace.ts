import type { Activity } from '../../src/wire/activity/schema.ts'

/** The most pauses of a row that are shown. */
const MOST = 48

/** The last pauses between tokens of a request, and where heartbeats were sent. */
export class Trace {
  /** Milliseconds, the newest last. */
  readonly gaps: number[] = []
  /** How many heartbeats came after each of the pauses. */
  readonly beats: number[] = []
  #heartbeats = 0

  add({ gaps = [], heartbeats = 0 }: Activity): void {
    for (const gap of gaps) {
      this.gaps.push(gap)
      this.beats.push(0)
    }
    const fresh = heartbeats - this.#heartbeats
    this.#heartbeats = heartbeats
    if (fresh > 0) {
      // Before the first token there is no pause that they could follow.
      if (this.gaps.length === 0) {
        this.gaps.push(0)
        this.beats.push(0)
      }
      const last = this.beats.length - 1
      this.beats[last] = (this.beats[last] ?? 0) + fresh
    }
    const over = this.gaps.length - MOST
    if (over > 0) {
      this.gaps.splice(0, over)
      this.beats.splice(0, over)
    }
  }

  clear(): void {
    this.gaps.length = 0
    this.beats.length = 0
    this.#heartbeats = 0
  }
}
