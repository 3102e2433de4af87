import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PERMIT_LEASE } from '../../src/state/limits.ts'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { redisLimits } from '../../src/state/redis/limits.ts'
import { claim, held } from '../state/limits-claims.ts'
import { limitsSuite } from '../state/limits-suite.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { connectRedis, withMovableTime } from '../support/redis-port.ts'

let server: RedisProcess
let first: RedisConnection
let second: RedisConnection

beforeAll(async () => {
  server = await startRedis()
  first = await connectRedis(server.url, { deadlineMs: 5_000 })
  second = await connectRedis(server.url, { deadlineMs: 5_000 })
})

afterAll(async () => {
  first.close()
  second.close()
  await server.stop()
})

limitsSuite('Redis', async () => {
  await first.send(['FLUSHALL'], undefined)
  const one = withMovableTime(first)
  const two = withMovableTime(second)
  return {
    limits: redisLimits(one.port),
    other: redisLimits(two.port),
    pass(milliseconds) {
      one.pass(milliseconds)
      two.pass(milliseconds)
    },
  }
})

describe('limits in Redis', () => {
  const all = {
    requestsPerMinute: 50,
    tokensPerMinute: 1_000,
    maxConcurrency: 9,
    requestsPerDay: 60,
    tokensPerMonth: 5_000,
  }

  it('admit no more than the limit to many that ask at once, on two connections', async () => {
    await first.send(['FLUSHALL'], undefined)
    const stores = [redisLimits(first), redisLimits(second)]
    const asked = Array.from({ length: 200 }, async (_, index) => {
      const { claim: asking } = held(all, { tokens: 1 })
      return (await stores[index % 2]?.admit(asking))?.refusedBy
    })
    const refusals = await Promise.all(asked)
    expect(refusals.filter((each) => each === undefined)).toHaveLength(9)
    expect(new Set(refusals)).toEqual(new Set([undefined, 'concurrency']))
  })

  it('leave no name in the store, and nothing that stays for ever', async () => {
    await first.send(['FLUSHALL'], undefined)
    const limits = redisLimits(first)
    await limits.admit({ ...held(all, { tokens: 1 }).claim, key: 'ann@example.com' })
    const keys = server.ask('keys', '*').split('\n')
    expect(keys).toHaveLength(3)
    for (const key of keys) {
      expect(key).toMatch(/^sluice:1:l:\{[\w-]{22}\}/)
      const ttl = Number(server.ask('pttl', key))
      expect(ttl).toBeGreaterThan(0)
      expect(ttl).toBeLessThanOrEqual(34 * 86_400_000)
    }
  })

  it('go on where the scripts of the server were flushed', async () => {
    const limits = redisLimits(first)
    server.ask('script', 'flush')
    expect((await limits.admit(claim(all))).refusedBy).toBeUndefined()
  })

  it('settle where the server has no memory left', async () => {
    await first.send(['FLUSHALL'], undefined)
    const limits = redisLimits(first)
    const { claim: asking, permit } = held(all, { tokens: 10 })
    await limits.admit(asking)
    server.ask('config', 'set', 'maxmemory', '1')
    try {
      await expect(limits.admit(held(all).claim)).rejects.toThrow('state: OOM')
      await limits.advance(permit, { tokens: 12, answerTokens: 2 })
      await limits.settle(permit, { tokens: 3, answerTokens: 1 })
    } finally {
      server.ask('config', 'set', 'maxmemory', '0')
    }
    const { running, day } = await limits.levels(asking.key, all)
    expect([running, day.tokens]).toEqual([0, 3])
  })

  it('count on where the clock of the server is set back', async () => {
    await first.send(['FLUSHALL'], undefined)
    const { port, pass } = withMovableTime(first)
    const limits = redisLimits(port)
    const two = { requestsPerMinute: 2, requestsPerDay: 5 }
    await limits.admit(claim(two))
    pass(-600_000)
    const { levels } = await limits.admit(claim(two))
    expect(levels.requests?.remaining).toBe(0)
    expect(levels.day.requests).toBe(2)
    const refused = await limits.admit(claim(two))
    expect([refused.refusedBy, refused.availableInMs <= 30_000]).toEqual(['requests', true])
    pass(-600_000)
    expect((await limits.admit(claim(two))).refusedBy).toBe('requests')
    pass(30_001)
    // What was refused has not waited for the old time to come again.
    expect((await limits.admit(claim(two))).refusedBy).toBeUndefined()
  })

  it('make no lease longer where the time of the server goes back', async () => {
    const { port, pass } = withMovableTime(first)
    const limits = redisLimits(port)
    const two = { maxConcurrency: 2 }
    const key = 'set back'
    const { claim: one, permit } = held(two, { key })
    await limits.admit(one)
    await limits.admit(held(two, { key }).claim)
    pass(-3_600_000)
    expect((await limits.levels(key, two)).running).toBe(2)
    pass(20_000)
    await limits.renew([permit])
    pass(PERMIT_LEASE - 20_000 + 1)
    // One of them was renewed.
    expect((await limits.levels(key, two)).running).toBe(1)
  })
})
