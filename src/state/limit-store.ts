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
 * key. The default is memory; a store that several instances share may return promises. All amounts and
 * limits that it is given are finite numbers.
 */
export interface LimitStore {
  /**
   * Takes an amount, 0 or more, from a bucket that holds `perMinute` when full and refills at that rate.
   * An amount above `perMinute` is taken once the bucket is full, and leaves it in debt.
   */
  take(name: string, amount: number, perMinute: number): BucketLevel | Promise<BucketLevel>
  /**
   * Takes an amount that was already used, even if the bucket goes into debt; a negative one is a
   * refund. Called while a long answer comes, and at its end.
   */
  settle(name: string, amount: number, perMinute: number): void | Promise<void>
  /** Counts one more request in progress; returns false, and counts nothing, at the limit. */
  acquire(name: string, limit: number): boolean | Promise<boolean>
  /** Counts one request fewer in progress. */
  release(name: string): void | Promise<void>
  /** The requests in progress, for who watches; a store may leave it out. */
  running?(name: string): number | Promise<number>
}

interface Bucket {
  amount: number
  at: number
  /** What it holds when full. */
  size: number
}

const MINUTE = 60_000

/** The number of buckets from which on full ones are removed: a bucket that is not there is full. */
const SWEEP_FROM = 1_000

/**
 * Rate and concurrency limits in this process's memory; `clock` returns milliseconds. Throws a
 * `RangeError` for an amount or limit that is not a finite number.
 */
export function memoryLimits(clock: () => number = () => performance.now()): LimitStore {
  const buckets = new Map<string, Bucket>()
  const running = new Map<string, number>()
  let sweepAt = SWEEP_FROM

  function refill(bucket: Bucket, perMinute: number, now: number): void {
    // A clock that is set back must not drain the bucket.
    const passed = Math.max(0, now - bucket.at)
    bucket.amount = Math.min(perMinute, bucket.amount + (passed * perMinute) / MINUTE)
    bucket.at = now
    bucket.size = perMinute
  }

  /** The bucket, refilled for the time since it was last used. */
  function refilled(name: string, perMinute: number): Bucket {
    requireFinite('perMinute', perMinute, Number.MIN_VALUE)
    const now = clock()
    let bucket = buckets.get(name)
    if (bucket === undefined) {
      bucket = { amount: perMinute, at: now, size: perMinute }
      if (buckets.size >= sweepAt) sweep(now)
      buckets.set(name, bucket)
    }
    refill(bucket, perMinute, now)
    return bucket
  }

  /** Callers may have any number of names, where a program identifies them. */
  function sweep(now: number): void {
    for (const [name, bucket] of buckets) {
      refill(bucket, bucket.size, now)
      if (bucket.amount >= bucket.size) buckets.delete(name)
    }
    sweepAt = Math.max(SWEEP_FROM, buckets.size * 2)
  }

  return {
    take(name, amount, perMinute) {
      requireFinite('amount', amount, 0)
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
      requireFinite('amount', amount, -Number.MAX_VALUE)
      const bucket = refilled(name, perMinute)
      bucket.amount = Math.min(perMinute, bucket.amount - amount)
    },
    acquire(name, limit) {
      const count = running.get(name) ?? 0
      if (count >= limit) return false
      running.set(name, count + 1)
      return true
    },
    release(name) {
      const count = running.get(name) ?? 0
      if (count > 1) running.set(name, count - 1)
      else running.delete(name)
    },
    running: (name) => running.get(name) ?? 0,
  }
}

/** One amount that is not a number would make a bucket useless for ever. */
function requireFinite(field: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return
  const range = least < 0 ? '' : ' that is not negative'
  throw new RangeError(
    `${field}: expected a finite number${range}, got ${value}; check what computes it.`,
  )
}
