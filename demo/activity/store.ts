/** What the feed has told: signals that change at most once a frame. */
import { batch, type Signal, signal } from '@preact/signals'
import type {
  Activity,
  ActivityChanges,
  ActivityList,
  EngineActivity,
  KeyActivity,
} from '../../src/wire/activity/schema.ts'
import { Trace } from './trace.ts'
import { sentenceOf } from './words.ts'

/** One request. Its row is drawn anew when its record changes, and no other row is. */
export interface Row {
  readonly id: string
  readonly record: Signal<Activity>
  readonly trace: Trace
  /** When the record came, by `performance.now()`. */
  seenAt: number
}

/** Requests by id. */
export const rows = new Map<string, Row>()
/** Those that run, the oldest first, and those that have ended, the newest first. */
export const running = signal<readonly Row[]>([])
export const ended = signal<readonly Row[]>([])

export const isAdmin = signal(false)
/** Undefined for a caller who is no admin. */
export const engines = signal<readonly EngineActivity[] | undefined>(undefined)
export const queue = signal<ActivityList['queue']>(undefined)
export const keys = signal<readonly KeyActivity[]>([])
export const captures = signal<ActivityList['captures']>(undefined)
/** The latest failure in a sentence, for those who hear the page: not more often than they can listen. */
export const lastFailure = signal('')

/** Milliseconds between two failures that are told. */
const TELL_EVERY = 5_000

let toldAt = Number.NEGATIVE_INFINITY

export function applySnapshot(list: ActivityList): void {
  batch(() => {
    const known = new Set(list.requests.map(({ id }) => id))
    for (const id of rows.keys()) if (!known.has(id)) rows.delete(id)
    for (const record of list.requests) put(record, true)
    isAdmin.value = list.isAdmin
    engines.value = list.engines
    queue.value = list.queue
    keys.value = list.keys
    captures.value = list.captures
    sort()
  })
}

export function applyChanges(changes: ActivityChanges): void {
  batch(() => {
    let isMoved = (changes.removed?.length ?? 0) > 0
    for (const id of changes.removed ?? []) rows.delete(id)
    for (const record of changes.requests) isMoved = put(record, false) || isMoved
    if (changes.engines) engines.value = changes.engines
    if (changes.queue) queue.value = changes.queue
    if (changes.keys) keys.value = changes.keys
    if (changes.captures) captures.value = changes.captures
    if (isMoved) sort()
  })
}

/** Returns whether the lists of rows change by it. */
function put(record: Activity, isWhole: boolean): boolean {
  const row = rows.get(record.id)
  const seenAt = performance.now()
  if (row === undefined) {
    const trace = new Trace()
    trace.add(record)
    rows.set(record.id, { id: record.id, record: signal(record), trace, seenAt })
    return true
  }
  const wasEnded = row.record.peek().state === 'ended'
  if (isWhole) row.trace.clear()
  row.trace.add(record)
  row.seenAt = seenAt
  row.record.value = record
  const hasEnded = !wasEnded && record.state === 'ended'
  if (hasEnded && record.outcome === 'failed' && seenAt - toldAt > TELL_EVERY) {
    toldAt = seenAt
    lastFailure.value = sentenceOf(record)
  }
  return wasEnded !== (record.state === 'ended')
}

function sort(): void {
  const all = [...rows.values()]
  const isEnded = ({ record }: Row) => record.peek().state === 'ended'
  const endOf = (row: Row) => row.record.peek().arrived + row.record.peek().durationMs
  running.value = all
    .filter((row) => !isEnded(row))
    .sort((a, b) => a.record.peek().arrived - b.record.peek().arrived)
  ended.value = all.filter(isEnded).sort((a, b) => endOf(b) - endOf(a))
}

/** Forgets all, for a caller with another key. */
export function clearStore(): void {
  rows.clear()
  batch(() => {
    running.value = []
    ended.value = []
    isAdmin.value = false
    engines.value = undefined
    queue.value = undefined
    keys.value = []
    captures.value = undefined
  })
}
