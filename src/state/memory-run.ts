/** One run in this process's memory. */
import { utf8Length } from '../util/utf8-length.ts'
import type { Produced, RunInfo, RunKey, RunLimits, RunState } from './run-log.ts'

/** Characters of events that are read at once, unless a single event has more. */
const READ_LENGTH = 65_536

export interface MemoryRun {
  key: RunKey
  info: RunInfo
  limits: RunLimits
  keepFrom: (() => number) | undefined
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

export function nextOf({ first, frames }: MemoryRun): number {
  return first + frames.length
}

export function isOrphaned({ state, leaseEnd }: MemoryRun, now: number): boolean {
  return state === 'running' && now >= leaseEnd
}

export function produced(run: MemoryRun, now: number): Produced {
  const { isStopped, readAt } = run
  const readAgo = readAt === undefined ? undefined : now - readAt
  return { kind: 'held', next: nextOf(run), isStopped, readAgo }
}

/** At least one, where there is one: a reader that does not go on holds no more than it has to. */
export function framesFrom({ first, frames }: MemoryRun, from: number): string[] {
  if (from < first) return []
  const start = from - first
  let end = start
  for (let length = 0; end < frames.length && length < READ_LENGTH; end++) {
    length += (frames[end] as string).length
  }
  return frames.slice(start, end)
}

export function beginAt(run: MemoryRun, first: number): void {
  run.frames = []
  run.bytes = 0
  run.first = first
}

/** Discards an eighth at once: discarding single events would move the whole array each time. */
export function discardOldest(run: MemoryRun): void {
  let count = 0
  const goal = (run.limits.bytes * 7) / 8
  const keepFrom = run.keepFrom?.() ?? nextOf(run)
  for (; run.bytes > goal && run.first + count < keepFrom; count++) {
    run.bytes -= utf8Length(run.frames[count] as string)
  }
  if (count === 0) return
  run.frames = run.frames.slice(count)
  run.first += count
}
