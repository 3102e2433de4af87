import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { redisLimits } from '../../src/state/redis/limits.ts'
import { redisResponseStore } from '../../src/state/redis/response-store.ts'
import { redisRunLog } from '../../src/state/redis/run-log.ts'
import type { RunChange } from '../../src/state/run-log.ts'
import { claim, held } from '../state/limits-claims.ts'
import { responseStoreSuite } from '../state/response-store-suite.ts'
import { newRun, runLogSuite } from '../state/run-log-suite.ts'
import type { RedisProcess } from '../support/redis.ts'
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts'
import { connectRedis } from '../support/redis-port.ts'
import { events, INFO, KEPT, readAll } from './run-log-support.ts'

const LEASE = 250

let cluster: RedisCluster
let connection: RedisConnection
let other: RedisConnection

beforeAll(async () => {
  cluster = await startCluster()
  const connect = () => connectRedis(cluster.url, { connectMs: 10_000, deadlineMs: 2_000 })
  ;[connection, other] = await Promise.all([connect(), connect()])
})

afterAll(async () => {
  connection?.close()
  other?.close()
  await cluster?.stop()
})

async function until(is: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await is()) && performance.now() < end) await sleep(20)
  expect(await is()).toBe(true)
}

runLogSuite('a cluster', () => ({
  log: redisRunLog(connection, { lease: LEASE, gatherMs: 0 }),
  other: redisRunLog(other, { lease: LEASE, gatherMs: 0 }),
  lease: LEASE,
  pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}))

responseStoreSuite('a cluster', (limits) => ({
  store: redisResponseStore(connection, limits),
  other: redisResponseStore(other, limits),
}))

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
    const counts = cluster.servers.map((server) => Number(server.ask('dbsize')))
    expect(counts.filter((count) => count > 5)).toHaveLength(6)
    const got: string[] = []
    const end = connection.subscribe('news', (message) => got.push(message))
    await until(async () => {
      await connection.publish('news', 'hello')
      return got.length > 0
    })
    end()
  })

  it('tells the producer of a run of a stop, whichever server keeps it', async () => {
    const [log, elsewhere] = [redisRunLog(connection), redisRunLog(other)]
    const stops = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const run = newRun()
        await log.open(run, INFO, KEPT)
        const told = Promise.withResolvers<RunChange>()
        const unwatch = log.watch(run, (change) => {
          if (change === 'stopped') told.resolve(change)
        })
        await log.append(run, 1, 0, events(3))
        // It is subscribed to in a moment.
        let state: string | undefined
        await until(async () => {
          state = await elsewhere.stop(run)
          return (await Promise.race([told.promise, sleep(200)])) === 'stopped'
        })
        unwatch()
        return state
      }),
    )
    expect(stops).toEqual(stops.map(() => 'running'))
  })

  it('goes on with runs while a master is killed, and repeats what its replica lacks', async () => {
    const [log, elsewhere] = [redisRunLog(connection), redisRunLog(other)]
    const runs = Array.from({ length: 20 }, () => newRun())
    for (const run of runs) await log.open(run, INFO, KEPT)
    const isMaster = (server: RedisProcess) => server.ask('role').startsWith('master')
    // The first two are those that the URL names.
    const victim = cluster.servers.slice(2).find(isMaster)
    const all = events(40)
    const nexts = runs.map(() => 0)
    const append = async (at: number) => {
      const run = runs[at]
      if (run === undefined) return
      const first = nexts[at] ?? 0
      const answer = await log.append(run, 1, first, all.slice(first, first + 10)).catch(() => {})
      if (answer?.kind === 'lost') {
        // The replica had not heard of it.
        nexts[at] = 0
        await log.open(run, INFO, KEPT).catch(() => {})
      } else if (answer?.kind === 'held') nexts[at] = answer.next
    }
    await Promise.all(runs.map((_, at) => append(at)))
    await victim?.kill()
    await until(async () => {
      await Promise.all(runs.map((_, at) => append(at)))
      return nexts.every((next) => next === all.length)
    })
    for (const run of runs) {
      let read: string[] = []
      // A connection that was idle learns of it by a call that fails.
      await until(async () => {
        read = await readAll(elsewhere, run).catch(() => [])
        return read.length > 0
      })
      expect(read).toEqual(all)
    }
  })

  it('goes on after a master was killed and its replica took over', async () => {
    const limits = redisLimits(connection)
    await cluster.servers[0]?.kill()
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
