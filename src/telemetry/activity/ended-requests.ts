import type { Activity } from '../../wire/activity/schema.ts'

/** A request that has ended. */
export interface KeptRequest {
  activity: Activity
  /** The name of its caller; empty where that is not known. */
  owner: string
  /** All gaps between its tokens; `activity` has the last ones. */
  gapCount: number
  /** In the order in which they ended. */
  number: number
}

/** How long a request is kept: failures longest, and those that no engine was asked for least long. */
export type Weight = 'failed' | 'answered' | 'other'

/** The share of the places that is not given to others, in the order in which places are taken away. */
const SHARES: readonly (readonly [Weight, number])[] = [
  ['other', 1 / 8],
  ['answered', 3 / 8],
  ['failed', 1 / 2],
]

/** The requests that ended last, and of those that failed more than of others. */
export class EndedRequests {
  /** How many were forgotten so far. */
  forgotten = 0
  #capacity = 0
  #count = 0
  readonly #byId = new Map<string, KeptRequest>()
  readonly #lists: Record<Weight, KeptRequest[]> = { failed: [], answered: [], other: [] }

  /** How many are kept; those beyond it are forgotten. */
  set capacity(capacity: number) {
    this.#capacity = capacity
    while (this.#byId.size > this.#capacity) this.#forgetOne()
  }

  add(ended: Omit<KeptRequest, 'number'>, weight: Weight): void {
    if (this.#capacity === 0) return
    const entry = { ...ended, number: ++this.#count }
    this.#byId.set(entry.activity.id, entry)
    this.#lists[weight].push(entry)
    if (this.#byId.size > this.#capacity) this.#forgetOne()
  }

  get(id: string): KeptRequest | undefined {
    return this.#byId.get(id)
  }

  /** The number of the one that ended last; 0 before the first. */
  get last(): number {
    return this.#count
  }

  /** Those that ended after the one with this number, the newest first. */
  since(number: number): KeptRequest[] {
    const found: KeptRequest[] = []
    for (const list of Object.values(this.#lists)) {
      for (let at = list.length - 1; at >= 0; at--) {
        const entry = list[at] as KeptRequest
        if (entry.number <= number) break
        found.push(entry)
      }
    }
    return found.sort((one, other) => other.number - one.number)
  }

  #forgetOne(): void {
    for (const [weight, share] of SHARES) {
      const list = this.#lists[weight]
      if (list.length <= this.#capacity * share) continue
      const entry = list.shift()
      if (entry !== undefined) this.#byId.delete(entry.activity.id)
      this.forgotten++
      return
    }
  }
}
