import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisConnection } from '../../src/state/redis/connection.ts'
import { StateAwayError } from '../../src/state/redis/port.ts'
import { redisRunLog } from '../../src/state/redis/run-log.ts'
import type { RunKey, RunLog } from '../../src/state/run-log.ts'
import { newRun } from '../state/run-log-suite.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { connectRedis, withMovableTime } from '../support/redis-port.ts'
import { events, INFO, KEPT, opened, PATIENT, readAll } from './run-log-support.ts'

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

  it('is not buried where its producer came back before the one who buries it', async () => {
    const log = redisRunLog(here, { lease: 200 })
    const run = await opened(log)
    await new Promise((resolve) => setTimeout(resolve, 250))
    // Between the look at the log and the burial.
    const slow = redisRunLog({
      eval: async (script, ...rest) => {
        if (script.name === 'run_bury') await log.append(run, 1, 0, [])
        return here.eval(script, ...rest)
      },
      send: (...args) => here.send(...args),
      publish: (...args) => here.publish(...args),
      subscribe: (...args) => here.subscribe(...args),
      isAway: false,
    })
    await slow.bury(run, () => 'buried')
    expect(await log.read(run, 0)).toMatchObject({ state: 'running', next: 0 })
    expect(await log.append(run, 1, 0, ['a'])).toMatchObject({ kind: 'held', next: 1 })
  })

  it('counts only what it has after it began anew', async () => {
    const log = redisRunLog(here)
    const run = newRun()
    await log.open(run, INFO, { bytes: 1_000, keepMs: 60_000 })
    await log.append(run, 1, 0, ['x'.repeat(900)])
    await log.append(run, 1, 5, ['y'.repeat(600)], undefined, true)
    await log.append(run, 1, 6, ['z'.repeat(300)])
    expect(await log.read(run, 5)).toMatchObject({ first: 5, next: 7 })
  })

  it('is opened by who opens it again because the answer was lost', async () => {
    let isLost = true
    const log = redisRunLog({
      eval: async (...args) => {
        const reply = await here.eval(...args)
        if (isLost) throw new StateAwayError('state: lost')
        return reply
      },
      send: (...args) => here.send(...args),
      publish: (...args) => here.publish(...args),
      subscribe: (...args) => here.subscribe(...args),
      isAway: false,
    })
    const run = newRun()
    await expect(log.open(run, INFO, KEPT)).rejects.toThrow(StateAwayError)
    isLost = false
    await expect(redisRunLog(there).open(run, INFO, KEPT)).rejects.toThrow('taken')
    await log.open(run, INFO, KEPT)
    await expect(log.open(run, INFO, KEPT)).rejects.toThrow('taken')
  })

  it('tells a producer of a stop, and not of each of its own appends', async () => {
    const told: string[] = []
    const log = redisRunLog(here)
    const run = newRun()
    const messages: string[] = []
    const counting = redisRunLog({
      eval: (...args) => here.eval(...args),
      send: (...args) => here.send(...args),
      publish: (...args) => here.publish(...args),
      subscribe: (channel, onMessage) =>
        here.subscribe(channel, (message) => {
          messages.push(message)
          onMessage(message)
        }),
      isAway: false,
    })
    const unwatch = counting.watch(run, (change) => told.push(change))
    await counting.open(run, INFO, KEPT)
    for (let n = 0; n < 20; n++) await counting.append(run, 1, n, events(1, n))
    await log.stop(run)
    await expect.poll(() => told.at(-1)).toBe('stopped')
    expect(messages).toEqual(['stop'])
    expect(told.filter((change) => change === 'events')).toHaveLength(20)
    unwatch()
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
