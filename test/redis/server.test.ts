import { describe, expect, it } from 'vitest'
import { type RedisProcess, startRedis, startReplica, startSentinels } from '../support/redis.ts'

/** What the other tests here rely on. */
describe('the Redis of the tests', () => {
  it('answers, is silent while it is frozen, and knows nothing after it was killed', async () => {
    await using redis = await startRedis({ password: 'secret', args: ['--maxmemory', '8mb'] })
    expect(redis.ask('set', 'a', '1')).toBe('OK')
    expect(redis.ask('config', 'get', 'maxmemory')).toBe('maxmemory\n8388608')
    redis.freeze()
    expect(() => redis.ask('get', 'a')).toThrow()
    redis.thaw()
    expect(redis.ask('get', 'a')).toBe('1')
    const first = redis.pid
    await redis.kill()
    expect(() => redis.ask('get', 'a')).toThrow('Connection refused')
    await redis.restart()
    expect(redis.ask('get', 'a')).toBe('')
    expect(redis.pid).not.toBe(first)
  })

  it('has a replica that Sentinels make the primary', async () => {
    await using primary = await startRedis()
    await using replica = await startReplica(primary)
    await using sentinels = await startSentinels(primary)
    primary.ask('set', 'a', '1')
    await replicated(replica)
    expect(sentinels.primaryPort()).toBe(primary.port)
    await primary.kill()
    expect(await sentinels.untilPrimaryIsNot(primary.port)).toBe(replica.port)
    expect(replica.ask('get', 'a')).toBe('1')
  })
})

async function replicated(replica: RedisProcess): Promise<void> {
  await expect.poll(() => replica.ask('get', 'a'), { timeout: 5_000 }).toBe('1')
}
