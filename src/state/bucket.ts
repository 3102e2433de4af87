/** Token buckets, as all limits by minute use them. */
import type { LimitLevel } from './limits.ts'

export interface Bucket {
  amount: number
  at: number
  /** What it holds when full, and what flows in during a minute. */
  size: number
}

const MINUTE = 60_000

/** Less than any amount that is taken: sums of fractions are not exact. */
const ROUNDING = 1e-9

export function fullBucket(size: number, now: number): Bucket {
  return { amount: size, at: now, size }
}

/** Adds what has flowed in since it was last used. `size` may have changed since then. */
export function refill(bucket: Bucket, size: number, now: number): void {
  // A clock that is set back must not drain the bucket.
  const passed = Math.max(0, now - bucket.at)
  bucket.amount = Math.min(size, bucket.amount + (passed * size) / MINUTE)
  bucket.at = now
  bucket.size = size
}

/** Milliseconds until a refilled bucket holds this much; 0 where it does. */
export function msUntil({ amount, size }: Bucket, wanted: number): number {
  return amount + ROUNDING >= wanted ? 0 : ((wanted - amount) * MINUTE) / size
}

/** The level of a refilled bucket. */
export function levelOf(bucket: Bucket): LimitLevel {
  const { amount, size } = bucket
  const remaining = Math.max(0, Math.floor(amount + ROUNDING))
  return { limit: size, remaining, fullInMs: msUntil(bucket, size) }
}
