import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { StateAwayError } from '../../src/state/redis/port.ts'
import { redisRunLog } from '../../src/state/redis/run-log.ts'
import type { RunInfo, RunKey, RunLog } from '../../src/state/run-log.ts'
import { newRun } from '../state/run-log-suite.ts'
import { type RedisProcess, startRedis, startReplica } from '../support/redis.ts'
import { connectRedis, withMovableTime } from '../support/redis-port.ts'

const INFO: RunInfo = {
  api: 'chat',
  contentType: 'text/event-stream',
  hasIds: true,
  isBackground: false,
  instance: 'a',
}
const KEPT = { bytes: 4_000_000, keepMs: 60_000 }
const PATIENT = { deadlineMs: 5_000 }

let redis: RedisProcess
let here: RedisConnection
let there: RedisConnection

beforeAll(async () => {
  redis = await startRedis()
  here = await connectRedis(redis.url, PATIENT)
  there = await connectRedis(redis.url, PATIENT)
})

afterAll(async () => {
  here?.close()
  there?.close()
  await redis?.stop()
})

function events(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, n) => `data: ${from + n}\n\n`)
}

async function opened(log: RunLog, info = INFO): Promise<RunKey> {
  const run = newRun()
  await log.open(run, info, KEPT)
  return run
}

async function readAll(log: RunLog, run: RunKey, from = 0): Promise<string[]> {
  const all: string[] = []
  for (;;) {
    const part = await log.read(run, from + all.length)
    if (!part?.frames.length) return all
    all.push(...part.frames)
  }
}

describe('several producers and readers of a log in Redis', () => {
  it('lets one of many begin a run', async () => {
    const run = newRun()
    const logs = Array.from({ length: 10 }, (_, n) => redisRunLog(n % 2 === 0 ? here : there))
    const opening = logs.map((log, n) => log.open(run, { ...INFO, instance: `${n}` }, KEPT))
    const results = await Promise.allSettled(opening)
    const winners = results.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []))
    expect(winners).toHaveLength(1)
    expect((await logs[0]?.read(run, 0))?.info.instance).toBe(`${winners[0]}`)
  })

  it('has each event once where appends overlap and overtake each other', async () => {
    const log = redisRunLog(here)
    const run = await opened(log)
    const all = events(200)
    for (let at = 0; at < 200; at += 20) {
      const pieces = [0, 5, 3, 0, 10, 5, 20, 0].map((back) => {
        const first = Math.max(0, at - back)
        return log.append(run, 1, first, all.slice(first, at + 20))
      })
      const nexts = (await Promise.all(pieces)).map((each) => each.kind === 'held' && each.next)
      expect(new Set(nexts)).toEqual(new Set([at + 20]))
    }
    expect(await readAll(redisRunLog(there), run)).toEqual(all)
  })

  it('gives fifty followers the same events, while they are appended', async () => {
    const log = redisRunLog(here)
    const run = await opened(log)
    const all = events(300)
    const other = redisRunLog(there)
    const following = Array.from({ length: 50 }, (_, n) => follow(other, run, n))
    for (let at = 0; at < 300; at += 15) await log.append(run, 1, at, all.slice(at, at + 15))
    await log.append(run, 1, 300, ['end'], 'finished')
    for (const [n, seen] of (await Promise.all(following)).entries()) {
      expect(seen).toEqual([...all, 'end'].slice(n))
    }
  })

  it('stores a long log that could not be stored earlier by one call', async () => {
    const log = redisRunLog(here)
    const run = await opened(log)
    const all = Array.from({ length: 3_000 }, (_, n) => `data: ${n} ${'é'.repeat(300)}\n\n`)
    expect(await log.append(run, 1, 0, all, 'finished')).toMatchObject({ next: 3_000 })
    expect(await readAll(redisRunLog(there), run, 17)).toEqual(all.slice(17))
    expect(await log.read(run, 2_999)).toMatchObject({ state: 'finished', frames: [all[2_999]] })
  })

  it('makes no lease longer where the time of the server goes back', async () => {
    const { port, pass } = withMovableTime(here)
    const log = redisRunLog(port, { lease: 200 })
    const run = await opened(log)
    pass(-600_000)
    expect(await log.read(run, 0)).toMatchObject({ isOrphan: false })
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(await log.read(run, 0)).toMatchObject({ isOrphan: true })
    expect(await log.append(run, 1, 0, ['a'])).toMatchObject({ kind: 'held', next: 1 })
  })

  it('never has a hole where events are gone, and says where it begins', async () => {
    const log = redisRunLog(here)
    const run = await opened(log)
    await log.append(run, 1, 0, events(10))
    const [name = ''] = redis.ask('keys', `*${run.id}}:e`).split('\n')
    redis.ask('del', name)
    expect(await log.read(run, 3)).toMatchObject({ frames: [], first: 10, next: 10 })
    await log.append(run, 1, 10, events(5, 10))
    expect(await log.read(run, 3)).toMatchObject({ frames: [], first: 10, next: 15 })
    expect(await readAll(log, run, 10)).toEqual(events(5, 10))
  })
})

/** Reads as it is told to, and looks again now and then. */
async function follow(log: RunLog, run: RunKey, from: number): Promise<string[]> {
  const seen: string[] = []
  let wake = () => {}
  const unwatch = log.watch(run, () => wake())
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, 300)
      })
      const part = await log.read(run, from + seen.length)
      if (part?.frames.length) seen.push(...part.frames)
      else if (part?.state !== 'running') return seen
      else await changed
    }
  } finally {
    unwatch()
  }
}

describe('a log in a Redis that fails', () => {
  it('is read, renewed, stopped, buried and deleted while memory is full', async () => {
    await using full = await startRedis()
    const connection = await connectRedis(full.url, { ...PATIENT, isUsedWhenFull: true })
    const log = redisRunLog(connection, { lease: 1_000 })
    const [run, dead] = [await opened(log), await opened(log)]
    await log.append(run, 1, 0, events(2))
    full.ask('config', 'set', 'maxmemory', '1')
    for (let n = 0; n < 5; n++) {
      await expect(log.append(run, 1, 2, events(1, 2))).rejects.toThrow(StateAwayError)
      expect(connection.isAway).toBe(false)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    // What could not be appended has renewed its lease.
    expect(await log.read(run, 0)).toMatchObject({ isOrphan: false, frames: events(2) })
    expect(await log.append(run, 1, 2, [])).toMatchObject({ kind: 'held', isStopped: false })
    expect(await log.stop(run)).toBe('running')
    expect(await log.append(run, 1, 2, events(1, 2))).toMatchObject({ isStopped: true, next: 2 })
    await log.bury(dead, (number) => `buried ${number}`)
    expect(await log.read(dead, 0)).toMatchObject({ state: 'failed', frames: ['buried 0'] })
    expect(await log.delete(dead)).toBe(true)
    full.ask('config', 'set', 'maxmemory', '0')
    expect(await log.append(run, 1, 2, events(1, 2), 'stopped')).toMatchObject({ next: 3 })
    connection.close()
  })

  it('heals after a failover that lost what was acknowledged', async () => {
    await using primary = await startRedis()
    await using replica = await startReplica(primary)
    const first = await connectRedis(primary.url, PATIENT)
    const log = redisRunLog(first)
    const run = await opened(log)
    await log.append(run, 1, 0, events(5))
    await expect.poll(() => replica.ask('keys', `*${run.id}*:e`)).not.toBe('')
    // From here on it lags behind for ever.
    replica.ask('replicaof', 'no', 'one')
    expect(await log.append(run, 1, 5, events(5, 5))).toMatchObject({ next: 10 })
    await primary.kill()
    await expect(log.append(run, 1, 10, events(1, 10))).rejects.toThrow(StateAwayError)
    first.close()
    const second = await connectRedis(replica.url, PATIENT)
    const promoted = redisRunLog(second)
    expect(await promoted.append(run, 1, 10, events(1, 10))).toMatchObject({ next: 5 })
    expect(await promoted.append(run, 1, 5, events(6, 5))).toMatchObject({ next: 11 })
    expect(await readAll(promoted, run)).toEqual(events(11))
    second.close()
  })

  it('is begun again by its producer where the server has lost it, and tells watchers as before', async () => {
    await using lost = await startRedis()
    const connections = [
      await connectRedis(lost.url, PATIENT),
      await connectRedis(lost.url, PATIENT),
    ]
    const [log, other] = connections.map((each) => redisRunLog(each)) as [RunLog, RunLog]
    const run = await opened(log)
    await log.append(run, 1, 0, events(5))
    let seen = 0
    const unwatch = other.watch(run, () => seen++)
    await lost.restart()
    const append = () => log.append(run, 1, 3, events(3, 3), undefined, true)
    await expect
      .poll(() => append().catch(() => 'away'), { timeout: 10_000 })
      .toEqual({ kind: 'lost' })
    await log.open(run, INFO, KEPT)
    expect(await append()).toMatchObject({ kind: 'held', next: 6 })
    const read = () => readAll(other, run, 3).catch(() => [])
    await expect.poll(read, { timeout: 10_000 }).toEqual(events(3, 3))
    lost.ask('script', 'flush')
    const before = seen
    let next = 6
    const appendOne = async () => {
      await log.append(run, 1, next, events(1, next))
      next++
      return seen
    }
    await expect.poll(appendOne, { timeout: 5_000 }).toBeGreaterThan(before)
    unwatch()
    for (const connection of connections) connection.close()
  })
})
