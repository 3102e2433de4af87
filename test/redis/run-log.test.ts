import { afterAll, beforeAll } from 'vitest'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { redisRunLog } from '../../src/state/redis/run-log.ts'
import { runLogSuite } from '../state/run-log-suite.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { connectRedis } from '../support/redis-port.ts'

const LEASE = 250

let redis: RedisProcess
let here: RedisConnection
let there: RedisConnection

beforeAll(async () => {
  redis = await startRedis()
  here = await connectRedis(redis.url, { deadlineMs: 5_000 })
  there = await connectRedis(redis.url, { deadlineMs: 5_000 })
})

afterAll(async () => {
  here?.close()
  there?.close()
  await redis?.stop()
})

runLogSuite('Redis', () => ({
  log: redisRunLog(here, { lease: LEASE, gatherMs: 0 }),
  other: redisRunLog(there, { lease: LEASE, gatherMs: 0 }),
  lease: LEASE,
  pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  hasBatches: true,
}))
