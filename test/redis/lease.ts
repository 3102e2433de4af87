// Time that passes for the store alone.

import { expect } from 'vitest'
import type { RedisProcess } from '../support/redis.ts'

/** Lets the lease of a run's producer end at this time; 0 for now, as if its eight seconds had passed. */
export function setLease(redis: RedisProcess, path: string, at: number): void {
  const id = path.split('/').at(-1)
  const run = redis.ask('keys', `sluice:1:s:*${id}}`)
  expect(run).toContain(id)
  redis.ask('hset', run, 'lease', String(at))
}
