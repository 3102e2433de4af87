/** The state of a token bucket after a request to take from it. */
export interface BucketLevel {
  /** Whether the bucket held the amount, which was then taken. */
  taken: boolean
  /** What the bucket holds now; never below 0. */
  remaining: number
  /** Milliseconds until the bucket is full again. */
  fullInMs: number
  /** Milliseconds until the amount is available; 0 where it was taken. */
  availableInMs: number
}

/**
 * The state behind rate limits (token buckets) and concurrency limits (counters), by the name of a
 * key. The default is memory; a store that several instances share may return promises.
 */
export interface LimitStore {
  /**
   * Takes an amount from a bucket that holds `perMinute` when full and refills at that rate. An
   * amount above `perMinute` is taken once the bucket is full, and leaves it in debt.
   */
  take(name: string, amount: number, perMinute: number): BucketLevel | Promise<BucketLevel>
  /**
   * Takes an amount that was already used, even if the bucket goes into debt; a negative one is a
   * refund.
   */
  settle(name: string, amount: number, perMinute: number): void | Promise<void>
  /** Counts one more request in progress; returns false, and counts nothing, at the limit. */
  acquire(name: string, limit: number): boolean | Promise<boolean>
  /** Counts one request fewer in progress. */
  release(name: string): void | Promise<void>
}

interface Bucket {
  amount: number
  at: number
}

const MINUTE = 60_000

/** Rate and concurrency limits in this process's memory; `clock` returns milliseconds. */
export function memoryLimits(clock: () => number = () => performance.now()): LimitStore {
  const buckets = new Map<string, Bucket>()
  const running = new Map<string, number>()

  /** The bucket, refilled for the time since it was last used. */
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
      const needed = Math.min(amount, perMinute)
      const taken = bucket.amount >= needed
      const until = (wanted: number) => Math.max(0, ((wanted - bucket.amount) * MINUTE) / perMinute)
      const availableInMs = taken ? 0 : until(needed)
      if (taken) bucket.amount -= amount
      const remaining = Math.max(0, Math.floor(bucket.amount))
      return { taken, remaining, fullInMs: until(perMinute), availableInMs }
    },
    settle(name, amount, perMinute) {
      const bucket = refilled(name, perMinute)
      bucket.amount = Math.min(perMinute, bucket.amount - amount)
    },
    acquire(name, limit) {
      const count = running.get(name) ?? 0
      if (count >= limit) return false
      running.set(name, count + 1)
      return true
    },
    /** Counts one request fewer in progress. */
    release(name) {
      const count = running.get(name) ?? 0
      if (count > 1) running.set(name, count - 1)
      else running.delete(name)
    },
  }
}
