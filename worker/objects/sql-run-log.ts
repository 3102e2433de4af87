/** The log of the one run that a Durable Object has, in its SQLite. */
import {
  type Produced,
  RUN_LEASE,
  type RunChange,
  type RunInfo,
  type RunKey,
  type RunLimits,
  type RunLog,
  type RunPart,
  type RunState,
} from '../../src/state/run-log.ts'
import type { ObjectState } from './platform.ts'
import { EVENTS_TABLE, SqlEvents } from './sql-events.ts'
import { numberOf, Tables } from './tables.ts'

const SCHEMA = [
  `CREATE TABLE run (
    one INTEGER PRIMARY KEY, owner TEXT, id TEXT, info TEXT, bytes INTEGER, keepMs INTEGER,
    epoch INTEGER, state TEXT, expiresAt INTEGER
  )`,
  EVENTS_TABLE,
]

/** Milliseconds until a run is looked at again that nobody has ended. */
const LOOK_AGAIN = 60_000

interface Run {
  key: RunKey
  info: RunInfo
  limits: RunLimits
  epoch: number
  state: RunState
  expiresAt: number
}

export interface SqlRunLogOptions {
  /** Milliseconds for which a producer owns a run without appending or renewing. */
  lease?: number
  /** Milliseconds since 1970. */
  now?: () => number
}

/**
 * A log for one run. Its events are in rows, one for each append; all else that changes while it runs (its
 * lease, who read it, whether it is to stop) is in the memory of the object, since its producer is there too:
 * when the one is lost, so is the other, and a run that is read from the rows has no producer any more.
 */
export class SqlRunLog implements RunLog {
  readonly #tables: Tables
  readonly #events: SqlEvents
  readonly #storage: ObjectState['storage']
  readonly #lease: number
  readonly #now: () => number
  readonly #watchers = new Set<(change: RunChange) => void>()
  #run: Run | undefined
  #leaseEnd = 0
  #readAt: number | undefined
  #isStopped = false
  #isDeleted = false

  constructor(state: ObjectState, { lease = RUN_LEASE, now = Date.now }: SqlRunLogOptions = {}) {
    this.#tables = new Tables(state, 'run', SCHEMA)
    this.#events = new SqlEvents(this.#tables, state.storage)
    this.#storage = state.storage
    this.#lease = lease
    this.#now = now
    this.#run = this.#stored()
    // Its producer was lost with the memory of the object.
    this.#leaseEnd = now()
  }

  /** Rows written by this instance of the object. */
  get rowsWritten(): number {
    return this.#tables.rowsWritten
  }

  /** What is stored; undefined where nothing is. */
  get current(): Pick<Run, 'key' | 'info' | 'state'> | undefined {
    return this.#run
  }

  async open(key: RunKey, info: RunInfo, limits: RunLimits): Promise<void> {
    if (this.#run !== undefined || this.#isDeleted)
      throw new Error(`run log: expected a new id, got ${key.id}, which is taken; use another one`)
    const now = this.#now()
    const state = 'running'
    const createdAt = now
    this.#run = { key, info: { ...info, createdAt }, limits, epoch: 1, state, expiresAt: 0 }
    this.#leaseEnd = now + this.#lease
    this.#tables.write(
      'INSERT INTO run VALUES (1, ?, ?, ?, ?, ?, 1, ?, 0)',
      ...[key.owner, key.id, JSON.stringify(this.#run.info), limits.bytes, limits.keepMs, state],
    )
    // One that nobody ends, because its object was lost, is found then.
    await this.#storage.setAlarm(now + LOOK_AGAIN)
    this.#notify('events')
  }

  async append(
    key: RunKey,
    epoch: number,
    first: number,
    frames: readonly string[],
    end?: RunState,
    isBeginning = false,
  ): Promise<Produced> {
    const run = this.#of(key)
    if (run === undefined || run.epoch !== epoch) return { kind: 'lost' }
    if (run.state !== 'running') {
      // The answer to the last append was lost, and it was sent again.
      return first + frames.length <= this.#events.next ? this.#produced() : { kind: 'lost' }
    }
    this.#leaseEnd = this.#now() + this.#lease
    const events = this.#events
    if (isBeginning && first > events.next) events.beginAt(first)
    if (first <= events.next) await this.#write(run, frames.slice(events.next - first), end)
    return this.#produced()
  }

  async read(key: RunKey, from: number, isPeek = false): Promise<RunPart | undefined> {
    const run = this.#of(key)
    if (run === undefined) return undefined
    const now = this.#now()
    if (!isPeek) this.#readAt = now
    const { info, state } = run
    const { first, next } = this.#events
    const isOrphan = this.#isOrphan(run)
    const frames = this.#events.from(from)
    return { info, state, first, next, frames, isOrphan, isStopped: this.#isStopped }
  }

  async stop(key: RunKey): Promise<RunState | undefined> {
    const run = this.#of(key)
    if (run?.state === 'running' && !this.#isStopped) {
      this.#isStopped = true
      this.#notify('stopped')
    }
    return run?.state
  }

  async bury(key: RunKey, last: (number: number) => string): Promise<void> {
    const run = this.#of(key)
    if (run === undefined || !this.#isOrphan(run)) return
    run.epoch++
    await this.#write(run, [last(this.#events.next)], 'failed')
  }

  async delete(key: RunKey): Promise<boolean> {
    if (this.#of(key) === undefined) return false
    this.#isDeleted = true
    await this.#forget()
    return true
  }

  watch(_key: RunKey, onChange: (change: RunChange) => void): () => void {
    // Somebody may watch with the same function twice.
    const watcher = (change: RunChange) => onChange(change)
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** The alarm: deletes what is kept long enough. Returns whether the run has lost its producer. */
  async wake(): Promise<boolean> {
    const run = this.#run
    if (run === undefined) return false
    if (this.#isExpired(run)) {
      await this.#forget()
      return false
    }
    if (run.state !== 'running') {
      await this.#storage.setAlarm(run.expiresAt)
      return false
    }
    await this.#storage.setAlarm(this.#now() + LOOK_AGAIN)
    return this.#isOrphan(run)
  }

  async #write(run: Run, frames: readonly string[], end: RunState | undefined): Promise<void> {
    const isEnd = end !== undefined && end !== 'running'
    if (frames.length > 0) this.#events.add(frames, run.limits.bytes)
    if (isEnd) {
      run.state = end
      run.expiresAt = this.#now() + run.limits.keepMs
      const { epoch, state, expiresAt } = run
      this.#tables.write(
        'UPDATE run SET epoch = ?, state = ?, expiresAt = ?',
        epoch,
        state,
        expiresAt,
      )
      await this.#storage.setAlarm(expiresAt)
    }
    if (frames.length > 0 || isEnd) this.#notify('events')
  }

  #of({ owner, id }: RunKey): Run | undefined {
    const run = this.#run
    if (run === undefined || run.key.owner !== owner || run.key.id !== id) return undefined
    return this.#isExpired(run) ? undefined : run
  }

  /** One that nobody has ended is kept for as long after its lease. */
  #isExpired({ state, expiresAt, limits }: Run): boolean {
    const until = state === 'running' ? this.#leaseEnd + limits.keepMs : expiresAt
    return this.#now() >= until
  }

  #isOrphan({ state }: Run): boolean {
    return state === 'running' && this.#now() >= this.#leaseEnd
  }

  #produced(): Produced {
    const readAgo = this.#readAt === undefined ? undefined : this.#now() - this.#readAt
    return { kind: 'held', next: this.#events.next, isStopped: this.#isStopped, readAgo }
  }

  async #forget(): Promise<void> {
    this.#run = undefined
    await this.#storage.deleteAll()
    this.#tables.forget()
    this.#notify('stopped')
  }

  #notify(change: RunChange): void {
    for (const watcher of this.#watchers) watcher(change)
  }

  #stored(): Run | undefined {
    const [row] = this.#tables.read('SELECT * FROM run')
    if (row === undefined) return undefined
    return {
      key: { owner: String(row.owner), id: String(row.id) },
      info: JSON.parse(String(row.info)) as RunInfo,
      limits: { bytes: numberOf(row.bytes), keepMs: numberOf(row.keepMs) },
      epoch: numberOf(row.epoch),
      state: String(row.state) as RunState,
      expiresAt: numberOf(row.expiresAt),
    }
  }
}
