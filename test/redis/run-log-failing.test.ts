import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { StateAwayError } from '../../src/state/redis/port.ts'
import { redisResponseStore } from '../../src/state/redis/response-store.ts'
import { redisRunLog } from '../../src/state/redis/run-log.ts'
import type { RunLog } from '../../src/state/run-log.ts'
import { item, stored } from '../state/response-store-suite.ts'
import { startRedis, startReplica } from '../support/redis.ts'
import { connectRedis } from '../support/redis-port.ts'
import { events, INFO, KEPT, opened, PATIENT, readAll } from './run-log-support.ts'

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

  it('needs no more rights than the user of the documentation has', async () => {
    await using restricted = await startRedis()
    const rights = /ACL SETUSER sluice on >PASSWORD (.*)/.exec(
      readFileSync('docs/state.md', 'utf8'),
    )
    const user = ['on', '>secret', ...(rights?.[1]?.split(' ') ?? [])]
    restricted.ask('acl', 'setuser', 'sluice', ...user)
    const url = restricted.url.replace('redis://', 'redis://sluice:secret@')
    const connection = await connectRedis(url, PATIENT)
    const log = redisRunLog(connection, { lease: 100 })
    const [run, dead] = [await opened(log), await opened(log)]
    const told: string[] = []
    const unwatch = redisRunLog(connection).watch(run, (change) => told.push(change))
    await log.append(run, 1, 0, events(3))
    expect(await readAll(log, run)).toEqual(events(3))
    await log.stop(run)
    await expect.poll(() => told).toContain('stopped')
    expect(await log.delete(run)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 150))
    await log.bury(dead, () => 'buried')
    expect(await readAll(log, dead)).toEqual(['buried'])
    const store = redisResponseStore(connection)
    const kept = stored('resp_1', [item('msg_1')])
    await store.put('ann', kept)
    expect(await store.get('ann', 'resp_1')).toEqual(kept)
    expect(await store.item('ann', 'msg_1')).toEqual(item('msg_1'))
    expect(await store.delete('ann', 'resp_1')).toBe(true)
    unwatch()
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
