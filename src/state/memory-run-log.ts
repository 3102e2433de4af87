/** Logs of runs in this process's memory. */
import { utf8Length } from '../util/utf8-length.ts'
import { BoundedMap } from './bounded-map.ts'
import { storeKey } from './response-store.ts'
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
  RunTakenError,
} from './run-log.ts'

export interface MemoryRunLogOptions {
  /**
   * Milliseconds for which a producer owns a run without appending or renewing. Infinity where the producer
   * is in this process, and can't die alone.
   */
  lease?: number
  /** Milliseconds since any moment. */
  now?: () => number
  /** Bounds of all runs that have ended together. */
  ended?: { count: number; bytes: number }
}

/** Characters of events that are read at once, unless a single event has more. */
const READ_LENGTH = 65_536

/** How many that have ended are kept: an hour of work of a few agents, on the smallest host. */
const ENDED = { count: 512, bytes: 32 * 1024 * 1024 }

/** Milliseconds between two searches for what has expired. */
const SWEEP_INTERVAL = 1_000

interface MemoryRun {
  key: RunKey
  info: RunInfo
  limits: RunLimits
  epoch: number
  state: RunState
  isStopped: boolean
  frames: string[]
  /** The number of the first event that is still stored. */
  first: number
  bytes: number
  leaseEnd: number
  readAt: number | undefined
  /** When it is forgotten, unless it goes on. */
  expiresAt: number
}

/**
 * Logs of runs in memory. Each call takes effect at once, before its promise settles, and tells its watchers.
 *
 * @example
 * const log = memoryRunLog()
 * await log.open({ owner: 'alice', id: 'strm_1' }, info, { bytes: 4_194_304, keepMs: 600_000 })
 */
export function memoryRunLog(options: MemoryRunLogOptions = {}): RunLog {
  return new MemoryRunLog(options)
}

class MemoryRunLog implements RunLog {
  readonly #lease: number
  readonly #now: () => number
  readonly #running = new Map<string, MemoryRun>()
  readonly #ended: BoundedMap<MemoryRun>
  /** When each id that was deleted may be used again: its producer may still try to write it. */
  readonly #deleted = new Map<string, number>()
  readonly #all = new Map<string, MemoryRun>()
  readonly #watchers = new Map<string, Set<(change: RunChange) => void>>()
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor({ lease = RUN_LEASE, now = () => performance.now(), ended }: MemoryRunLogOptions) {
    this.#lease = lease
    this.#now = now
    const limits = { ...ENDED, ...ended, ageMs: Number.POSITIVE_INFINITY }
    this.#ended = new BoundedMap(limits, (owner, id) => this.#all.delete(storeKey(owner, id)))
  }

  async open(key: RunKey, info: RunInfo, limits: RunLimits): Promise<void> {
    const now = this.#now()
    this.#sweep(now)
    const name = nameOf(key)
    if (this.#find(key, now) !== undefined || this.#deleted.has(name)) {
      throw new RunTakenError(key)
    }
    const leaseEnd = now + this.#lease
    const run: MemoryRun = {
      key,
      info: { ...info, createdAt: Date.now() },
      limits,
      epoch: 1,
      state: 'running',
      isStopped: false,
      frames: [],
      first: 0,
      bytes: 0,
      leaseEnd,
      readAt: undefined,
      expiresAt: leaseEnd + limits.keepMs,
    }
    this.#running.set(name, run)
    this.#all.set(name, run)
    this.#notify(key, 'events')
  }

  async append(
    key: RunKey,
    epoch: number,
    first: number,
    frames: readonly string[],
    end?: RunState,
    isBeginning = false,
  ): Promise<Produced> {
    const now = this.#now()
    const run = this.#find(key, now)
    if (run === undefined || run.epoch !== epoch) return { kind: 'lost' }
    if (run.state !== 'running') {
      // The answer to the last append was lost, and it was sent again.
      const isRepeated = first + frames.length <= nextOf(run)
      return isRepeated ? produced(run, now) : { kind: 'lost' }
    }
    run.leaseEnd = now + this.#lease
    run.expiresAt = run.leaseEnd + run.limits.keepMs
    if (isBeginning && first > nextOf(run)) beginAt(run, first)
    if (first > nextOf(run)) return produced(run, now)
    this.#write(run, frames.slice(nextOf(run) - first), end, now)
    return produced(run, now)
  }

  async read(key: RunKey, from: number, isPeek = false): Promise<RunPart | undefined> {
    const now = this.#now()
    this.#sweep(now)
    const run = this.#find(key, now)
    if (run === undefined) return undefined
    if (!isPeek) run.readAt = now
    const { info, state, first, isStopped } = run
    const isOrphan = isOrphaned(run, now)
    return {
      info,
      state,
      first,
      next: nextOf(run),
      frames: framesFrom(run, from),
      isOrphan,
      isStopped,
    }
  }

  async stop(key: RunKey): Promise<RunState | undefined> {
    const run = this.#find(key, this.#now())
    if (run?.state === 'running' && !run.isStopped) {
      run.isStopped = true
      this.#notify(key, 'stopped')
    }
    return run?.state
  }

  async bury(key: RunKey, last: (number: number) => string): Promise<void> {
    const now = this.#now()
    const run = this.#find(key, now)
    if (run === undefined || !isOrphaned(run, now)) return
    run.epoch++
    this.#write(run, [last(nextOf(run))], 'failed', now)
  }

  async delete(key: RunKey): Promise<boolean> {
    const now = this.#now()
    const run = this.#find(key, now)
    if (run === undefined) return false
    this.#forget(run)
    this.#deleted.set(nameOf(key), now + run.limits.keepMs)
    this.#notify(key, 'stopped')
    return true
  }

  watch(key: RunKey, onChange: (change: RunChange) => void): () => void {
    const name = nameOf(key)
    const watchers = this.#watchers.get(name) ?? new Set()
    this.#watchers.set(name, watchers)
    // Somebody may watch with the same function twice.
    const watcher = (change: RunChange) => onChange(change)
    watchers.add(watcher)
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name)
    }
  }

  #write(run: MemoryRun, frames: readonly string[], end: RunState | undefined, now: number): void {
    for (const frame of frames) {
      run.frames.push(frame)
      run.bytes += utf8Length(frame)
    }
    if (run.bytes > run.limits.bytes) discardOldest(run)
    if (end !== undefined && end !== 'running') this.#end(run, end, now)
    if (frames.length > 0 || run.state !== 'running') this.#notify(run.key, 'events')
  }

  #end(run: MemoryRun, state: RunState, now: number): void {
    const { key, limits } = run
    run.state = state
    run.expiresAt = now + limits.keepMs
    const name = nameOf(key)
    this.#running.delete(name)
    // Where it does not fit, it is forgotten.
    const isKept = this.#ended.set(key.owner, key.id, run, run.bytes * 2)
    if (isKept) this.#all.set(name, run)
    else this.#all.delete(name)
  }

  #find(key: RunKey, now: number): MemoryRun | undefined {
    const run = this.#running.get(nameOf(key)) ?? this.#ended.get(key.owner, key.id)
    if (run === undefined || now < run.expiresAt) return run
    this.#forget(run)
    return undefined
  }

  #forget({ key }: MemoryRun): void {
    this.#running.delete(nameOf(key))
    this.#ended.delete(key.owner, key.id)
    this.#all.delete(nameOf(key))
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_INTERVAL) return
    this.#sweptAt = now
    for (const run of this.#all.values()) if (now >= run.expiresAt) this.#forget(run)
    for (const [name, until] of this.#deleted) if (now >= until) this.#deleted.delete(name)
  }

  #notify(key: RunKey, change: RunChange): void {
    for (const watcher of this.#watchers.get(nameOf(key)) ?? []) watcher(change)
  }
}

/** Made once for each key: a producer and its followers use theirs many times a second. */
const names = new WeakMap<RunKey, string>()

function nameOf(key: RunKey): string {
  let name = names.get(key)
  if (name === undefined) {
    name = storeKey(key.owner, key.id)
    names.set(key, name)
  }
  return name
}

function nextOf({ first, frames }: MemoryRun): number {
  return first + frames.length
}

function isOrphaned({ state, leaseEnd }: MemoryRun, now: number): boolean {
  return state === 'running' && now >= leaseEnd
}

function produced(run: MemoryRun, now: number): Produced {
  const { isStopped, readAt } = run
  const readAgo = readAt === undefined ? undefined : now - readAt
  return { kind: 'held', next: nextOf(run), isStopped, readAgo }
}

/** At least one, where there is one: a reader that does not go on holds no more than it has to. */
function framesFrom({ first, frames }: MemoryRun, from: number): string[] {
  if (from < first) return []
  const start = from - first
  let end = start
  for (let length = 0; end < frames.length && length < READ_LENGTH; end++) {
    length += (frames[end] as string).length
  }
  return frames.slice(start, end)
}

function beginAt(run: MemoryRun, first: number): void {
  run.frames = []
  run.bytes = 0
  run.first = first
}

/** Discards an eighth at once: discarding single events would move the whole array each time. */
function discardOldest(run: MemoryRun): void {
  let count = 0
  const goal = (run.limits.bytes * 7) / 8
  for (; run.bytes > goal && count < run.frames.length; count++) {
    run.bytes -= utf8Length(run.frames[count] as string)
  }
  run.frames = run.frames.slice(count)
  run.first += count
}
