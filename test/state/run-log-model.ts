/** Random commands for logs of runs, and a model that is too simple to be wrong. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type {
  Produced,
  RunInfo,
  RunKey,
  RunLog,
  RunPart,
  RunState,
} from '../../src/state/run-log.ts'
import { utf8Length } from '../../src/util/utf8-length.ts'

/** Of all logs here; long enough that the time that a test takes ends none. */
export const LEASE = 60_000

/** A log that is compared with the model, as two instances have it. */
export interface ModelSubject {
  name: string
  logs: readonly [RunLog, RunLog]
  /** Lets so many milliseconds pass for the store. */
  pass(ms: number): void
}

const INFO: RunInfo = {
  api: 'chat',
  contentType: 'text/event-stream',
  hasIds: true,
  isBackground: false,
  instance: 'a',
}
const KEEP = 1_000_000_000
const ALL = 1_000_000
const FEW = 300

type Command = { run: 0 | 1 | 2; at: 0 | 1 } & (
  | { do: 'open'; bytes: number }
  | {
      do: 'append'
      epoch: number
      offset: number
      count: number
      end: RunState | undefined
      isBeginning: boolean
    }
  | { do: 'read'; offset: number; isPeek: boolean }
  | { do: 'stop' | 'bury' | 'delete' }
  | { do: 'pass'; ms: number }
)

const where = { run: fc.constantFrom(0, 0, 0, 1, 2), at: fc.constantFrom(0, 1) }
const plain = (name: 'stop' | 'bury' | 'delete') => fc.record({ ...where, do: fc.constant(name) })

const append = fc.record({
  ...where,
  do: fc.constant('append'),
  epoch: fc.constantFrom(1, 1, 1, 1, 1, 1, 0, 2),
  offset: fc.constantFrom(0, 0, 0, 0, -1, -2, -5, 1, 3),
  count: fc.constantFrom(0, 1, 1, 2, 3, 7, 60),
  end: fc.option(fc.constantFrom<RunState[]>('finished', 'failed', 'stopped', 'running'), {
    nil: undefined,
    freq: 12,
  }),
  isBeginning: fc.constantFrom(false, false, true),
})
const read = fc.record({
  ...where,
  do: fc.constant('read'),
  offset: fc.integer({ min: -30, max: 3 }),
  isPeek: fc.boolean(),
})

export const commands = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ ...where, do: fc.constant('open'), bytes: fc.constantFrom(ALL, FEW) }),
    },
    { weight: 12, arbitrary: append },
    { weight: 8, arbitrary: read },
    { weight: 1, arbitrary: plain('stop') },
    { weight: 4, arbitrary: plain('bury') },
    { weight: 1, arbitrary: plain('delete') },
    {
      weight: 3,
      arbitrary: fc.record({
        ...where,
        do: fc.constant('pass'),
        ms: fc.constantFrom(20_000, 70_000),
      }),
    },
  ) as fc.Arbitrary<Command>,
  { minLength: 10, maxLength: 60, size: 'max' },
)

interface ModelRun {
  epoch: number
  state: RunState
  isStopped: boolean
  /** All events from `begin` on. */
  frames: string[]
  begin: number
  bytes: number
  leaseEnd: number
  readAt: number | undefined
}

/** Runs commands on all logs at once. Rejects where one answers differently from the model. */
export async function compare(list: readonly Command[], subjects: readonly ModelSubject[]) {
  const model = new Model()
  const session = crypto.randomUUID()
  for (const [index, command] of list.entries()) {
    const key = { owner: `owner ${command.run % 2}`, id: `strm_${session}_${command.run}` }
    const check = model.do(command, key)
    for (const subject of subjects) {
      const label = `${subject.name}, command ${index}: ${JSON.stringify(command)}`
      await check(subject, subject.logs[command.at], label)
    }
  }
}

type Check = (subject: ModelSubject, log: RunLog, label: string) => Promise<void>

class Model {
  readonly #runs = new Map<string, ModelRun>()
  readonly #deleted = new Set<string>()
  #now = 0

  do(command: Command, key: RunKey): Check {
    const run = this.#runs.get(key.id)
    if (command.do === 'open') return this.#open(key, command.bytes)
    if (command.do === 'append') return this.#append(key, run, command)
    if (command.do === 'read') return this.#read(key, run, command)
    if (command.do === 'pass') {
      this.#now += command.ms
      return async (subject) => subject.pass(command.ms)
    }
    if (command.do === 'bury') return this.#bury(key, run)
    if (command.do === 'delete') {
      if (this.#runs.delete(key.id)) this.#deleted.add(key.id)
      return async (_, log, label) => {
        expect(await log.delete(key), label).toBe(run !== undefined)
      }
    }
    const state = run?.state
    if (run?.state === 'running') run.isStopped = true
    return async (_, log, label) => expect(await log.stop(key), label).toBe(state)
  }

  #open(key: RunKey, bytes: number): Check {
    const isTaken = this.#runs.has(key.id) || this.#deleted.has(key.id)
    if (!isTaken) {
      this.#runs.set(key.id, {
        ...{ epoch: 1, state: 'running', isStopped: false, frames: [], begin: 0, bytes },
        ...{ leaseEnd: this.#now + LEASE, readAt: undefined },
      })
    }
    return async (_, log, label) => {
      const opening = log.open(key, INFO, { bytes, keepMs: KEEP })
      const result = await opening.then(
        () => 'opened',
        (error: Error) => error.message,
      )
      if (isTaken) expect(result, label).toContain('taken')
      else expect(result, label).toBe('opened')
    }
  }

  #append(key: RunKey, run: ModelRun | undefined, command: Command & { do: 'append' }): Check {
    const { epoch, offset, count, end, isBeginning } = command
    const first = Math.max(0, nextOf(run) + offset)
    const frames = Array.from({ length: count }, (_, n) => event(first + n, epoch))
    const expected = this.#appended(run, epoch, first, frames, end, isBeginning)
    return async (_, log, label) => {
      const produced = await log.append(key, epoch, first, frames, end, isBeginning)
      requireProduced(produced, expected, label)
    }
  }

  #appended(
    run: ModelRun | undefined,
    epoch: number,
    first: number,
    frames: readonly string[],
    end: RunState | undefined,
    isBeginning: boolean,
  ): Produced {
    if (run === undefined || run.epoch !== epoch) return { kind: 'lost' }
    const ago = run.readAt === undefined ? undefined : this.#now - run.readAt
    const held = (): Produced => {
      return { kind: 'held', next: nextOf(run), isStopped: run.isStopped, readAgo: ago }
    }
    if (run.state !== 'running') {
      return first + frames.length <= nextOf(run) ? held() : { kind: 'lost' }
    }
    run.leaseEnd = this.#now + LEASE
    if (first > nextOf(run) && isBeginning) Object.assign(run, { frames: [], begin: first })
    if (first > nextOf(run)) return held()
    run.frames.push(...frames.slice(nextOf(run) - first))
    if (end !== undefined) run.state = end
    return held()
  }

  #read(key: RunKey, run: ModelRun | undefined, command: Command & { do: 'read' }): Check {
    const from = Math.max(0, nextOf(run) + command.offset)
    if (run && !command.isPeek) run.readAt = this.#now
    const isOrphan = run?.state === 'running' && this.#now >= run.leaseEnd
    const known = run && structuredClone(run)
    return async (_, log, label) => {
      const part = await log.read(key, from, command.isPeek)
      if (known === undefined) return expect(part, label).toBeUndefined()
      const { state, isStopped } = known
      const told = { info: INFO, state, isStopped, isOrphan, next: nextOf(known) }
      expect(part, label).toMatchObject(told)
      requireFrames(part as RunPart, known, from, label)
    }
  }

  #bury(key: RunKey, run: ModelRun | undefined): Check {
    const next = nextOf(run)
    if (run?.state === 'running' && this.#now >= run.leaseEnd) {
      run.epoch++
      run.state = 'failed'
      run.frames.push(`buried ${next}`)
    }
    return async (_, log) => log.bury(key, (number) => `buried ${number}`)
  }
}

function nextOf(run: ModelRun | undefined): number {
  return run === undefined ? 0 : run.begin + run.frames.length
}

/** Different for each number and each producer; some are longer than a batch. */
function event(number: number, epoch: number): string {
  const size = number % 11 === 0 ? 4_000 : number % 5
  return `data: ${number} ${epoch} ${'é'.repeat(size)}\n\n`
}

function requireProduced(produced: Produced, expected: Produced, label: string): void {
  if (produced.kind === 'lost' || expected.kind === 'lost') {
    expect(produced, label).toEqual(expected)
    return
  }
  const { readAgo, ...rest } = produced
  const { readAgo: ago, ...others } = expected
  expect(rest, label).toEqual(others)
  expect(readAgo === undefined, label).toBe(ago === undefined)
  // What the test itself takes passes for a real store.
  expect(Math.abs((readAgo ?? 0) - (ago ?? 0)), label).toBeLessThan(20_000)
}

/** A log may give some of the events, and discards the oldest where there are too many bytes. */
function requireFrames(part: RunPart, run: ModelRun, from: number, label: string): void {
  const { first, next, frames } = part
  const stored = run.frames.reduce((sum, frame) => sum + utf8Length(frame), 0)
  expect(first, label).toBeGreaterThanOrEqual(run.begin)
  if (stored <= run.bytes) expect(first, label).toBe(run.begin)
  const kept = run.frames.slice(first - run.begin)
  expect(
    kept.reduce((sum, frame) => sum + utf8Length(frame), 0),
    label,
  ).toBeLessThanOrEqual(run.bytes)
  const isThere = from >= first && from < next
  expect(frames.length > 0, label).toBe(isThere)
  expect(frames, label).toEqual(
    isThere ? run.frames.slice(from - run.begin, from - run.begin + frames.length) : [],
  )
}
