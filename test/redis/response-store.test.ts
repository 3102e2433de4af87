import { afterAll, beforeAll } from 'vitest'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { redisResponseStore } from '../../src/state/redis/response-store.ts'
import { responseStoreSuite } from '../state/response-store-suite.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { connectRedis } from '../support/redis-port.ts'

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

responseStoreSuite('Redis', (limits) => ({
  store: redisResponseStore(here, limits),
  other: redisResponseStore(there, limits),
}))
