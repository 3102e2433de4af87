import { describe, expect, it } from 'vitest'
import { memoryRunLog } from '../../../src/state/memory-run-log.ts'
import { newRun, runLogSuite } from '../../state/run-log-suite.ts'

function subject(options: { ended?: { count: number; bytes: number } } = {}) {
  let now = 0
  const log = memoryRunLog({ now: () => now, lease: 400, ...options })
  const pass = async (ms: number) => {
    now += ms
  }
  return { log, other: log, lease: 400, pass }
}

runLogSuite('memory', subject)

const INFO = {
  api: 'chat',
  contentType: 'text/event-stream',
  hasIds: false,
  isBackground: false,
  instance: 'a',
} as const

describe('logs in memory', () => {
  it('are bounded: those that ended first go first, of the owner with the most', async () => {
    const { log } = subject({ ended: { count: 4, bytes: 1_000 } })
    const runs = [...'aaaab'].map((owner) => newRun(owner))
    for (const run of runs) {
      await log.open(run, INFO, { bytes: 10_000, keepMs: 60_000 })
      await log.append(run, 1, 0, ['x'.repeat(50)], 'finished')
    }
    const left = await Promise.all(runs.map(async (run) => (await log.read(run, 0)) !== undefined))
    expect(left).toEqual([false, true, true, true, true])
  })

  it('keep a run that somebody watches, until nobody does', async () => {
    const { log, pass } = subject({ ended: { count: 2, bytes: 100 } })
    const [small, large] = [newRun('a'), newRun('a')]
    const unwatch = [small, large].map((run) => log.watch(run, () => {}))
    for (const [run, length] of [
      [small, 10],
      [large, 200],
      [newRun('a'), 10],
      [newRun('a'), 10],
      [newRun('a'), 10],
    ] as const) {
      await log.open(run, INFO, { bytes: 10_000, keepMs: 1_000 })
      await log.append(run, 1, 0, ['x'.repeat(length)], 'finished')
    }
    await pass(2_000)
    for (const run of [small, large]) {
      expect(await log.read(run, 0)).toMatchObject({ state: 'finished', next: 1 })
    }
    for (const end of unwatch) end()
    for (const run of [small, large]) expect(await log.read(run, 0)).toBeUndefined()
  })

  it('keep what is still needed of a run beyond its bytes', async () => {
    const log = memoryRunLog()
    const run = newRun()
    let needed = 1
    log.begin(run, INFO, { bytes: 100, keepMs: 1_000 }, () => needed)
    for (let n = 0; n < 5; n++) await log.append(run, 1, n, ['x'.repeat(60)])
    expect(await log.read(run, 1)).toMatchObject({ first: 1, next: 5 })
    needed = 5
    await log.append(run, 1, 5, ['x'.repeat(200)])
    expect(await log.read(run, 5)).toMatchObject({ first: 5, frames: ['x'.repeat(200)] })
    await log.append(run, 1, 6, [], 'finished')
    expect(await log.read(run, 5)).toMatchObject({ first: 5, state: 'finished' })
  })

  it('own a run for ever where the lease does not end', async () => {
    let now = 0
    const log = memoryRunLog({ now: () => now, lease: Number.POSITIVE_INFINITY })
    const run = newRun()
    await log.open(run, INFO, { bytes: 10_000, keepMs: 1_000 })
    now = 1e9
    expect(await log.read(run, 0)).toMatchObject({ isOrphan: false, state: 'running' })
    expect(await log.append(run, 1, 0, ['a'], 'finished')).toMatchObject({ kind: 'held' })
    now += 1_001
    expect(await log.read(run, 0)).toBeUndefined()
  })

  it('take what their producer appends, until the run was ended or deleted', async () => {
    let now = 0
    const log = memoryRunLog({ now: () => now, lease: 400 })
    const [ended, deleted] = [newRun(), newRun()]
    const limits = { bytes: 100, keepMs: 1_000 }
    for (const run of [ended, deleted]) {
      const producer = log.begin(run, INFO, limits)
      let seen = 0
      log.watch(run, () => seen++)
      now += 300
      producer.append(['é', 'b'], 3, now)
      now += 300
      expect(await log.read(run, 0)).toMatchObject({ frames: ['é', 'b'], isOrphan: false })
      // The bytes that it says count.
      producer.append(['c'], 97, now)
      expect(await log.read(run, 0)).toMatchObject({ first: 0, next: 3 })
      producer.append(['d'], 1, now)
      expect(await log.read(run, 0)).toMatchObject({ next: 4, frames: [] })
      expect(seen).toBe(3)
      if (run === ended) await log.append(run, 1, 4, [], 'finished')
      else await log.delete(run)
      producer.append(['e'], 1, now)
      expect((await log.read(run, 0))?.next).toBe(run === ended ? 4 : undefined)
      expect(seen).toBe(4)
    }
    expect(() => log.begin(ended, INFO, limits)).toThrow('expected a new id')
  })

  it('take effect before the promise settles', async () => {
    const { log } = subject()
    const run = newRun()
    let seen = 0
    log.watch(run, () => seen++)
    void log.open(run, INFO, { bytes: 10_000, keepMs: 1_000 })
    void log.append(run, 1, 0, ['a'])
    expect(seen).toBe(2)
  })
})
