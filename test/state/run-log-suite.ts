import { describe, expect, it } from 'vitest'
import type { RunInfo, RunKey, RunLog } from '../../src/state/run-log.ts'

/** A log to be tested. Tests use ids of their own, so that all may share one store. */
export interface RunLogSubject {
  log: RunLog
  /** The log as another instance has it; the same one where there is only one. */
  other: RunLog
  /** Milliseconds of its leases: short where time really passes. */
  lease: number
  /** Lets so many milliseconds pass for the store. */
  pass(ms: number): Promise<void>
}

const INFO: RunInfo = {
  api: 'chat',
  contentType: 'text/event-stream',
  hasIds: true,
  isBackground: false,
  instance: 'a',
}
/** Longer than any lease that a test waits for. */
const KEPT = { bytes: 100_000, keepMs: 60_000 }

let count = 0

export function newRun(owner = 'alice'): RunKey {
  return { owner, id: `strm_${Date.now().toString(36)}_${count++}` }
}

/** What each implementation of `RunLog` has to pass. */
export function runLogSuite(name: string, subject: () => Promise<RunLogSubject> | RunLogSubject) {
  describe(`${name}: a log of a run`, () => {
    events(subject)
    sentTwice(subject)
    owners(subject)
    ends(subject)
    bounds(subject)
  })
}

type Subject = () => Promise<RunLogSubject> | RunLogSubject

async function opened(subject: Subject, limits = KEPT, info = INFO) {
  const all = await subject()
  const run = newRun()
  await all.log.open(run, info, limits)
  return { ...all, run }
}

async function readAll(log: RunLog, run: RunKey, from = 0): Promise<string[] | undefined> {
  const all: string[] = []
  for (;;) {
    const part = await log.read(run, from + all.length)
    if (part === undefined) return undefined
    if (part.frames.length === 0) return all
    all.push(...part.frames)
  }
}

function events(subject: Subject) {
  it('has its events in order, as they were sent, from any number on', async () => {
    const { log, other, run } = await opened(subject)
    expect(await log.append(run, 1, 0, ['data: a\n\n'])).toMatchObject({ kind: 'held', next: 1 })
    const odd = ['data: "é€😀 \\u0000"\n\n', 'id: 2\ndata: c\n\n', ': x\n\n']
    expect(await log.append(run, 1, 1, odd)).toMatchObject({ next: 4, isStopped: false })
    const all = ['data: a\n\n', ...odd]
    for (let from = 0; from <= 4; from++) {
      expect(await readAll(other, run, from)).toEqual(all.slice(from))
    }
    expect(await other.read(run, 9)).toMatchObject({ frames: [], next: 4 })
  })

  it('tells what is known of the run', async () => {
    const { other, run } = await opened(subject, KEPT, { ...INFO, api: 'ollama', hasIds: false })
    expect(await other.read(run, 0)).toMatchObject({
      info: { ...INFO, api: 'ollama', hasIds: false },
      state: 'running',
      first: 0,
      next: 0,
      frames: [],
      isOrphan: false,
      isStopped: false,
    })
    const info = (await other.read(run, 0))?.info
    // The clock of the store may differ from this one.
    expect(Math.abs((info?.createdAt ?? 0) - Date.now())).toBeLessThan(86_400_000)
  })

  it('gives a long log in parts', async () => {
    const { log, other, run } = await opened(subject, { ...KEPT, bytes: 4_000_000 })
    const frames = Array.from({ length: 2_000 }, (_, n) => `data: ${n} ${'x'.repeat(500)}\n\n`)
    for (let at = 0; at < frames.length; at += 100) {
      await log.append(run, 1, at, frames.slice(at, at + 100))
    }
    const part = await other.read(run, 5)
    expect(part?.frames.length).toBeGreaterThan(0)
    expect(part?.frames.join('').length).toBeLessThan(500_000)
    expect(await readAll(other, run, 5)).toEqual(frames.slice(5))
  })
}

function sentTwice(subject: Subject) {
  it('has each event once, however often and in which pieces it was sent', async () => {
    const { log, other, run } = await opened(subject)
    await log.append(run, 1, 0, ['a', 'b'])
    expect(await log.append(run, 1, 0, ['a', 'b'])).toMatchObject({ kind: 'held', next: 2 })
    expect(await log.append(run, 1, 1, ['b', 'c', 'd'])).toMatchObject({ next: 4 })
    expect(await log.append(run, 1, 2, ['c'])).toMatchObject({ next: 4 })
    expect(await readAll(other, run)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('writes nothing where some are missing, and says where to begin again', async () => {
    const { log, run } = await opened(subject)
    await log.append(run, 1, 0, ['a'])
    expect(await log.append(run, 1, 2, ['c'])).toMatchObject({ kind: 'held', next: 1 })
    expect(await log.append(run, 1, 2, ['c'], 'finished')).toMatchObject({ kind: 'held', next: 1 })
    expect(await log.read(run, 0)).toMatchObject({ state: 'running', frames: ['a'] })
    await log.append(run, 1, 1, ['b', 'c'], 'finished')
    expect(await log.read(run, 0)).toMatchObject({ state: 'finished', next: 3 })
  })

  it('begins anew where those that are missing exist nowhere', async () => {
    const { log, other, run } = await opened(subject)
    await log.append(run, 1, 0, ['a', 'b'])
    expect(await log.append(run, 1, 5, ['f'], undefined, true)).toMatchObject({ next: 6 })
    expect(await other.read(run, 1)).toMatchObject({ frames: [], first: 5, next: 6 })
    expect(await other.read(run, 5)).toMatchObject({ frames: ['f'], first: 5 })
    // Nothing is missing here.
    expect(await log.append(run, 1, 5, ['f', 'g'], undefined, true)).toMatchObject({ next: 7 })
    expect(await readAll(other, run, 5)).toEqual(['f', 'g'])
  })

  it('is opened once', async () => {
    const { log, other, run } = await opened(subject)
    await log.append(run, 1, 0, ['a'])
    await expect(other.open(run, { ...INFO, instance: 'b' }, KEPT)).rejects.toThrow()
    expect(await readAll(log, run)).toEqual(['a'])
  })
}

function owners(subject: Subject) {
  it('is found by its owner alone', async () => {
    const { log, other, run } = await opened(subject)
    await log.append(run, 1, 0, ['a'])
    for (const owner of ['', 'bob', 'alice ', 'alice}', 'alic', 'Alice']) {
      const foreign = { owner, id: run.id }
      expect(await other.read(foreign, 0)).toBeUndefined()
      expect(await other.stop(foreign)).toBeUndefined()
      expect(await other.delete(foreign)).toBe(false)
    }
    expect(await other.read({ owner: run.owner, id: `${run.id}x` }, 0)).toBeUndefined()
    expect(await log.append(run, 1, 1, ['b'])).toMatchObject({ isStopped: false, next: 2 })
  })

  it('is lost for a producer with another epoch', async () => {
    const { log, run } = await opened(subject)
    expect(await log.append(run, 0, 0, ['a'])).toEqual({ kind: 'lost' })
    expect(await log.append(run, 2, 0, ['a'])).toEqual({ kind: 'lost' })
    expect(await log.append(newRun(), 1, 0, ['a'])).toEqual({ kind: 'lost' })
    expect(await readAll(log, run)).toEqual([])
  })

  it('tells the producer that somebody reads, and for how long nobody has', async () => {
    const { log, other, run, pass } = await opened(subject)
    expect(await log.append(run, 1, 0, ['a'])).toMatchObject({ readAgo: undefined })
    await other.read(run, 0, true)
    expect(await log.append(run, 1, 1, [])).toMatchObject({ readAgo: undefined })
    await other.read(run, 0)
    const soon = await log.append(run, 1, 1, [])
    await pass(150)
    const late = await log.append(run, 1, 1, [])
    const [ago, later] = [soon, late].map((each) => (each.kind === 'held' ? each.readAgo : -1))
    expect(ago).toBeGreaterThanOrEqual(0)
    expect(later).toBeGreaterThanOrEqual(100)
    expect(ago).toBeLessThan(later ?? 0)
  })
}

function ends(subject: Subject) {
  it('is stopped by anyone who finds it, which its producer learns', async () => {
    const { log, other, run } = await opened(subject)
    expect(await other.stop(run)).toBe('running')
    expect(await other.stop(run)).toBe('running')
    expect(await other.read(run, 0)).toMatchObject({ isStopped: true, state: 'running' })
    expect(await log.append(run, 1, 0, [])).toMatchObject({ kind: 'held', isStopped: true })
    expect(await log.append(run, 1, 0, ['end'], 'stopped')).toMatchObject({ kind: 'held' })
    expect(await other.stop(run)).toBe('stopped')
    expect(await other.stop(newRun())).toBeUndefined()
  })

  it('ends once, and what ended it may be sent again', async () => {
    const { log, other, run } = await opened(subject)
    expect(await log.append(run, 1, 0, ['a', 'end'], 'finished')).toMatchObject({ next: 2 })
    expect(await log.append(run, 1, 0, ['a', 'end'], 'finished')).toMatchObject({
      kind: 'held',
      next: 2,
    })
    expect(await log.append(run, 1, 2, ['more'])).toEqual({ kind: 'lost' })
    expect(await other.read(run, 1)).toMatchObject({ state: 'finished', frames: ['end'], next: 2 })
    await other.bury(run, () => 'buried')
    expect(await readAll(log, run)).toEqual(['a', 'end'])
  })

  it('is an orphan once the lease of its producer has ended, and is buried once', async () => {
    const { log, other, run, lease, pass } = await opened(subject)
    await log.append(run, 1, 0, ['a', 'b'])
    await other.bury(run, () => 'buried')
    expect(await other.read(run, 0)).toMatchObject({ isOrphan: false, state: 'running', next: 2 })
    await pass(lease * 0.6)
    // Renews it.
    await log.append(run, 1, 2, [])
    await pass(lease * 0.6)
    expect(await other.read(run, 2)).toMatchObject({ isOrphan: false })
    await pass(lease * 0.6)
    expect(await other.read(run, 2)).toMatchObject({ isOrphan: true, state: 'running' })
    const bury = (each: RunLog) => each.bury(run, (number) => `buried ${number}`)
    await Promise.all([bury(log), bury(other), bury(other)])
    expect(await readAll(other, run)).toEqual(['a', 'b', 'buried 2'])
    expect(await other.read(run, 0)).toMatchObject({ state: 'failed', isOrphan: false, next: 3 })
    // Its producer comes back.
    expect(await log.append(run, 1, 2, ['c'])).toEqual({ kind: 'lost' })
    expect(await log.append(run, 1, 3, [], 'finished')).toEqual({ kind: 'lost' })
    expect(await readAll(other, run)).toEqual(['a', 'b', 'buried 2'])
  })

  it('is deleted for everybody, and does not come back', async () => {
    const { log, other, run } = await opened(subject)
    await log.append(run, 1, 0, ['a'])
    expect(await other.delete(run)).toBe(true)
    expect(await other.delete(run)).toBe(false)
    expect(await other.read(run, 0)).toBeUndefined()
    expect(await log.append(run, 1, 1, ['b'])).toEqual({ kind: 'lost' })
    await expect(log.open(run, INFO, KEPT)).rejects.toThrow()
    expect(await other.read(run, 0)).toBeUndefined()
  })

  it('tells who watches it of events, a stop, the end and the deletion', async () => {
    const { log, other, run } = await opened(subject)
    const seen: string[] = []
    const unwatch = other.watch(run, (change) => seen.push(change))
    // Another store may need a moment to begin.
    await expect.poll(() => nudged(log, run, () => seen.length)).toBeGreaterThan(0)
    const changes = [
      ['events', () => log.append(run, 1, 100, ['a'], undefined, true)],
      ['stopped', () => log.stop(run)],
      ['events', () => log.append(run, 1, 101, ['end'], 'stopped')],
      ['stopped', () => log.delete(run)],
    ] as const
    for (const [what, change] of changes) {
      const before = seen.length
      await change()
      await expect.poll(() => seen.slice(before), { interval: 5 }).toContain(what)
    }
    unwatch()
  })
}

/** Appends one more event, and returns how many changes were seen. */
async function nudged(log: RunLog, run: RunKey, seen: () => number): Promise<number> {
  const next = (await log.read(run, 0, true))?.next ?? 0
  await log.append(run, 1, next, ['nudge'])
  return seen()
}

function bounds(subject: Subject) {
  it('discards its oldest events beyond its bytes, and says which is the first', async () => {
    const { log, other, run } = await opened(subject, { bytes: 10_000, keepMs: 60_000 })
    const frames = Array.from({ length: 40 }, (_, n) => `data: ${n} ${'é'.repeat(500)}\n\n`)
    for (const [n, frame] of frames.entries()) await log.append(run, 1, n, [frame])
    const part = await other.read(run, 0)
    expect(part).toMatchObject({ frames: [], next: 40 })
    const first = part?.first ?? 0
    // At most the bytes, and not much less; a store that trims by itself may keep a little more.
    expect(40 - first).toBeGreaterThanOrEqual(6)
    expect(40 - first).toBeLessThanOrEqual(12)
    expect(await readAll(other, run, first)).toEqual(frames.slice(first))
    // The same one again, although the first ones are gone.
    expect(await log.append(run, 1, 0, frames.slice(0, 2))).toMatchObject({ next: 40 })
  })

  it('is forgotten when it has ended for long enough', async () => {
    const { log, other, run, pass } = await opened(subject, { bytes: 10_000, keepMs: 1_000 })
    await log.append(run, 1, 0, ['a'])
    await pass(600)
    await log.append(run, 1, 1, ['end'], 'finished')
    await pass(600)
    expect(await readAll(other, run)).toEqual(['a', 'end'])
    await pass(800)
    expect(await other.read(run, 0)).toBeUndefined()
  })

  it('is forgotten when its producer died and nobody buried it', async () => {
    const { log, other, run, lease, pass } = await opened(subject, { bytes: 10_000, keepMs: 300 })
    await log.append(run, 1, 0, ['a'])
    await pass(lease + 1_000)
    expect(await other.read(run, 0)).toBeUndefined()
  })
}
