import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { redisLimits } from '../../src/state/redis/limits.ts'
import { claim, held } from '../state/limits-claims.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { connectRedis } from '../support/redis-port.ts'
import { closedPort } from '../support/upstream.ts'

/** Three masters, and a replica of each. */
let servers: RedisProcess[]
let connection: RedisConnection

beforeAll(async () => {
  const flags = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000']
  const args = [...flags, '--cluster-replica-validity-factor', '0']
  const one = async () => startRedis({ args, port: await lowPort() })
  servers = await Promise.all(Array.from({ length: 6 }, one))
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
  const [first] = servers
  first?.ask('--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes')
  await until(() =>
    servers.every((each) => each.ask('cluster', 'info').includes('cluster_state:ok')),
  )
  connection = await connectRedis(`redis+cluster://${addresses.slice(0, 2).join(',')}`, {
    connectMs: 10_000,
    deadlineMs: 2_000,
  })
})

afterAll(async () => {
  connection.close()
  await Promise.all(servers.map((server) => server.stop()))
})

/** The servers of a cluster talk to each other at a port that is 10,000 higher. */
async function lowPort(): Promise<number> {
  for (;;) {
    const port = await closedPort()
    if (port < 55_000) return port
  }
}

async function until(is: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await is()) && performance.now() < end) await sleep(20)
  expect(await is()).toBe(true)
}

describe('a connection to a cluster', () => {
  const two = { maxConcurrency: 2, requestsPerMinute: 1_000 }
  const names = Array.from({ length: 30 }, (_, index) => `key-${index}`)

  it('finds the server of each key, and passes on messages', async () => {
    const limits = redisLimits(connection)
    for (const key of names) {
      const { claim: asking, permit } = held(two, { key })
      expect((await limits.admit(asking)).levels.running).toBe(1)
      await limits.settle(permit, { tokens: 1, answerTokens: 1 })
    }
    const counts = servers.map((server) => Number(server.ask('dbsize')))
    expect(counts.filter((count) => count > 5)).toHaveLength(6)
    const got: string[] = []
    const end = connection.subscribe('news', (message) => got.push(message))
    await until(async () => {
      await connection.publish('news', 'hello')
      return got.length > 0
    })
    end()
  })

  it('goes on after a master was killed and its replica took over', async () => {
    const limits = redisLimits(connection)
    await servers[0]?.kill()
    await until(async () => {
      const all = await Promise.allSettled(
        names.map((key) => limits.admit({ ...claim(two), key, requests: 0 })),
      )
      return all.every(({ status }) => status === 'fulfilled')
    })
    for (const key of names) {
      expect((await limits.levels(key, two)).day.requests).toBe(1)
    }
  })
})
