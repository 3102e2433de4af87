/** What a key may have got, by the tokens that came to its clients and nothing else. */

const MINUTE = 60_000
/** Real time passes between a decision and its record; the rest is rounding. */
const SLACK_MS = 200

interface Charge {
  at: number
  amount: number
}

/** A token bucket that is computed anew from all charges, which may be told late. */
export class BucketModel {
  readonly #perMinute: number
  readonly #charges: Charge[] = []
  readonly #start = performance.now()

  constructor(perMinute: number) {
    this.#perMinute = perMinute
  }

  charge(amount: number, at = performance.now()): void {
    this.#charges.push({ at, amount })
  }

  /** The most that the bucket can hold at that time. */
  level(now = performance.now()): number {
    let amount = this.#perMinute
    let last = this.#start
    for (const { at, amount: taken } of this.#charges.toSorted((a, b) => a.at - b.at)) {
      amount = this.#refilled(amount, at - last) - taken
      last = at
    }
    return this.#refilled(amount, now - last + SLACK_MS)
  }

  #refilled(amount: number, ms: number): number {
    return Math.min(this.#perMinute, amount + (ms * this.#perMinute) / MINUTE)
  }
}
