/** What the feed has told: the requests, the engines and the keys, as they are now. */

import type {
  Activity,
  ActivityChanges,
  ActivityList,
  EngineActivity,
  KeyActivity,
} from '../../wire/activity/schema.ts'
import { isNumber, numberOf } from './format.ts'
import { readActivity, readCaptures, readEngine, readKey, readList, readQueue } from './read.ts'

/** The gaps that are kept of each request. */
const MOST_GAPS = 128

/** A request, and when the feed told of it. */
export interface Row {
  activity: Activity
  /** Milliseconds between its last tokens, the newest last. */
  gaps: number[]
  /** Milliseconds since its arrival, by the server's clock, when it was told of; -1 if unknown. */
  age: number
  /** When that was, by `performance.now()`. */
  at: number
}

export class ActivityStore {
  engines: EngineActivity[] | undefined
  queue: ReturnType<typeof readQueue>
  captures: ReturnType<typeof readCaptures>
  keys: KeyActivity[] = []
  isAdmin = false
  instance = ''
  #rows = new Map<string, Row>()

  get rows(): Row[] {
    return [...this.#rows.values()]
  }

  find(id: string): Row | undefined {
    return this.#rows.get(id)
  }

  /** Returns whether another process of the server answers than before. */
  takeSnapshot(list: ActivityList, now: number): boolean {
    const isOther = this.instance !== '' && this.instance !== list.instance
    this.instance = list.instance
    this.isAdmin = list.isAdmin === true
    this.#rows = new Map()
    this.#take(list, now)
    return isOther
  }

  takeChanges(changes: ActivityChanges, now: number): void {
    this.#take(changes, now)
    const { removed } = changes
    for (const id of Array.isArray(removed) ? removed : []) this.#rows.delete(id)
  }

  /** What is known of one request by other means than the feed. */
  takeOne(activity: Activity, now: number): void {
    const known = this.#rows.get(activity.id)
    const age = known === undefined ? numberOf(activity.durationMs) : ageOf(known, now)
    this.#rows.set(activity.id, { activity, gaps: known?.gaps ?? [], age, at: now })
  }

  #take({ engines, queue, captures, keys, requests, time }: ActivityChanges, now: number): void {
    this.engines = readList(engines, readEngine) ?? this.engines
    this.keys = readList(keys, readKey) ?? this.keys
    this.queue = readQueue(queue) ?? this.queue
    this.captures = readCaptures(captures) ?? this.captures
    for (const activity of readList(requests, readActivity) ?? []) {
      const before = this.#rows.get(activity.id)?.gaps ?? []
      const gaps = [...before, ...(activity.gaps ?? [])].slice(-MOST_GAPS)
      const age = isNumber(time) && isNumber(activity.arrived) ? time - activity.arrived : -1
      this.#rows.set(activity.id, { activity, gaps, age, at: now })
    }
  }
}

/** Milliseconds since its arrival. */
export function ageOf({ age, at }: Row, now: number): number {
  return age < 0 ? -1 : age + now - at
}

/** Milliseconds that it took, or has taken until now. */
export function durationOf(row: Row, now: number): number {
  const { durationMs } = row.activity
  return isEnded(row) ? numberOf(durationMs) : numberOf(durationMs) + now - row.at
}

export function isEnded({ activity }: Row): boolean {
  return activity.state === 'ended'
}

/** Whether it was refused or failed. */
export function isFailure({ activity }: Row): boolean {
  return activity.outcome === 'failed' || activity.outcome === 'refused'
}
