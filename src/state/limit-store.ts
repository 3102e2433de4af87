/** How full a bucket is after something was asked of it. */
export interface Level {
  /** Whether the amount was there, and taken. */
  taken: boolean
  /** What is left, never below 0. */
  remaining: number
  /** Milliseconds until it is full again. */
  fullIn: number
  /** Milliseconds until the amount is there; 0 where it was. */
  enoughIn: number
}

/**
 * Where the state of all limits is kept. In memory by default; a store that several servers share
 * can take its place, and may answer by promises.
 */
export interface LimitStore {
  /**
   * Takes from the bucket of a name, which holds `perMinute` when full and refills at that rate.
   * What is more than it holds when full is taken as soon as it is full.
   */
  take(name: string, amount: number, perMinute: number): Level | Promise<Level>
  /** Takes what is known to have been used, there or not; a negative amount is given back. */
  settle(name: string, amount: number, perMinute: number): void | Promise<void>
  /** Counts one more at once; false where `most` are there already. */
  enter(name: string, most: number): boolean | Promise<boolean>
  leave(name: string): void | Promise<void>
}

interface Bucket {
  amount: number
  at: number
}

const MINUTE = 60_000

/** Token buckets in memory; `clock` gives milliseconds. */
export function memoryLimits(clock: () => number = () => performance.now()): LimitStore {
  const buckets = new Map<string, Bucket>()
  const inside = new Map<string, number>()

  /** The bucket as it is now. */
  function refilled(name: string, perMinute: number): Bucket {
    const now = clock()
    const bucket = buckets.get(name) ?? { amount: perMinute, at: now }
    bucket.amount = Math.min(perMinute, bucket.amount + ((now - bucket.at) * perMinute) / MINUTE)
    bucket.at = now
    buckets.set(name, bucket)
    return bucket
  }

  return {
    take(name, amount, perMinute) {
      const bucket = refilled(name, perMinute)
      const least = Math.min(amount, perMinute)
      const taken = bucket.amount >= least
      const until = (wanted: number) => Math.max(0, ((wanted - bucket.amount) * MINUTE) / perMinute)
      const enoughIn = taken ? 0 : until(least)
      if (taken) bucket.amount -= amount
      const remaining = Math.max(0, Math.floor(bucket.amount))
      return { taken, remaining, fullIn: until(perMinute), enoughIn }
    },
    settle(name, amount, perMinute) {
      const bucket = refilled(name, perMinute)
      bucket.amount = Math.min(perMinute, bucket.amount - amount)
    },
    enter(name, most) {
      const count = inside.get(name) ?? 0
      if (count >= most) return false
      inside.set(name, count + 1)
      return true
    },
    leave(name) {
      const count = inside.get(name) ?? 0
      if (count > 1) inside.set(name, count - 1)
      else inside.delete(name)
    },
  }
}
