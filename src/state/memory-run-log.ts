/** Logs of runs in this process's memory. */
import { utf8Length } from '../util/utf8-length.ts'
import { BoundedMap } from './bounded-map.ts'
import {
  beginAt,
  discardOldest,
  framesFrom,
  isOrphaned,
  type MemoryRun,
  nextOf,
  produced,
} from './memory-run.ts'
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

/** The log of the process that produces the runs. */
export interface LocalRunLog extends RunLog {
  /**
   * Begins a run, and returns what its producer appends with. `keepFrom` tells the number of the first event that
   * must not be discarded yet, however many bytes follow. Throws a `RunTakenError`.
   */
  begin(run: RunKey, info: RunInfo, limits: RunLimits, keepFrom?: () => number): LocalRun
}

/** One run of a local log, for who produces it: many times a second, so without a promise or a look for the run. */
export interface LocalRun {
  /**
   * Appends the next events, which have so many bytes in UTF-8, at once. Does nothing where the run was ended or
   * deleted meanwhile. `now` is the present by the clock of the log.
   */
  append(frames: readonly string[], bytes: number, now: number): void
}

/** How many that have ended are kept: an hour of work of a few agents, on the smallest host. */
const ENDED = { count: 512, bytes: 32 * 1024 * 1024 }

/** Milliseconds between two searches for what has expired. */
const SWEEP_INTERVAL = 1_000

/**
 * Logs of runs in memory. Each call takes effect at once, before its promise settles, and tells its watchers.
 *
 * @example
 * const log = memoryRunLog()
 * await log.open({ owner: 'alice', id: 'strm_1' }, info, { bytes: 4_194_304, keepMs: 600_000 })
 */
export function memoryRunLog(options: MemoryRunLogOptions = {}): LocalRunLog {
  return new MemoryRunLog(options)
}

class MemoryRunLog implements LocalRunLog {
  readonly #lease: number
  readonly #now: () => number
  readonly #running = new Map<string, MemoryRun>()
  readonly #ended: BoundedMap<MemoryRun>
  /** Those that have ended and found no room there, while somebody still watches them. */
  readonly #held = new Map<string, MemoryRun>()
  /** When each id that was deleted may be used again: its producer may still try to write it. */
  readonly #deleted = new Map<string, number>()
  readonly #all = new Map<string, MemoryRun>()
  readonly #watchers = new Map<string, Set<(change: RunChange) => void>>()
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor({ lease = RUN_LEASE, now = () => performance.now(), ended }: MemoryRunLogOptions) {
    this.#lease = lease
    this.#now = now
    const limits = { ...ENDED, ...ended, ageMs: Number.POSITIVE_INFINITY }
    this.#ended = new BoundedMap(limits, (_owner, _id, run) => this.#release(run))
  }

  async open(key: RunKey, info: RunInfo, limits: RunLimits): Promise<void> {
    this.begin(key, info, limits)
  }

  begin(key: RunKey, info: RunInfo, limits: RunLimits, keepFrom?: () => number): LocalRun {
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
      keepFrom,
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
    return {
      append: (frames, bytes, now) => {
        if (this.#running.get(name) !== run || run.epoch !== 1) return
        this.#keep(run, now)
        this.#write(run, frames, bytes)
        this.#notify(key, 'events')
      },
    }
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
    this.#keep(run, now)
    if (isBeginning && first > nextOf(run)) beginAt(run, first)
    if (first > nextOf(run)) return produced(run, now)
    this.#writeAll(run, frames.slice(nextOf(run) - first), end, now)
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
    this.#writeAll(run, [last(nextOf(run))], 'failed', now)
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
      if (watchers.size > 0 || this.#watchers.get(name) !== watchers) return
      this.#watchers.delete(name)
      if (this.#held.delete(name)) this.#all.delete(name)
    }
  }

  /** Its producer is there. */
  #keep(run: MemoryRun, now: number): void {
    run.leaseEnd = now + this.#lease
    run.expiresAt = run.leaseEnd + run.limits.keepMs
  }

  #write(run: MemoryRun, frames: readonly string[], bytes: number): void {
    for (const frame of frames) run.frames.push(frame)
    run.bytes += bytes
    if (run.bytes > run.limits.bytes) discardOldest(run)
  }

  #writeAll(
    run: MemoryRun,
    frames: readonly string[],
    end: RunState | undefined,
    now: number,
  ): void {
    this.#write(
      run,
      frames,
      frames.reduce((sum, frame) => sum + utf8Length(frame), 0),
    )
    if (end !== undefined && end !== 'running') this.#end(run, end, now)
    if (frames.length > 0 || run.state !== 'running') this.#notify(run.key, 'events')
  }

  #end(run: MemoryRun, state: RunState, now: number): void {
    const { key, limits } = run
    run.state = state
    run.expiresAt = now + limits.keepMs
    const name = nameOf(key)
    this.#running.delete(name)
    run.keepFrom = undefined
    if (!this.#ended.set(key.owner, key.id, run, run.bytes * 2)) this.#release(run)
  }

  /** There is no room for it: it is forgotten, unless a client that reads slowly still needs it. */
  #release(run: MemoryRun): void {
    const name = nameOf(run.key)
    if (this.#watchers.has(name)) this.#held.set(name, run)
    else this.#all.delete(name)
  }

  #find(key: RunKey, now: number): MemoryRun | undefined {
    const name = nameOf(key)
    const run =
      this.#running.get(name) ?? this.#held.get(name) ?? this.#ended.get(key.owner, key.id)
    if (run === undefined || !this.#hasExpired(run, now)) return run
    this.#forget(run)
    return undefined
  }

  #hasExpired({ key, state, expiresAt }: MemoryRun, now: number): boolean {
    return now >= expiresAt && (state === 'running' || !this.#watchers.has(nameOf(key)))
  }

  #forget({ key }: MemoryRun): void {
    const name = nameOf(key)
    this.#running.delete(name)
    this.#ended.delete(key.owner, key.id)
    this.#held.delete(name)
    this.#all.delete(name)
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_INTERVAL) return
    this.#sweptAt = now
    for (const run of this.#all.values()) if (this.#hasExpired(run, now)) this.#forget(run)
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
