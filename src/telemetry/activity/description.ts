import type { Activity } from '../../wire/activity/schema.ts'
import { describeRequest } from './describe.ts'
import type { TrackedRequest } from './tracked-request.ts'

/** What a running request was like at one moment, without its gaps, of which each reader has others. */
export interface Description {
  at: number
  /** Shared by readers: not changed. */
  readonly activity: Readonly<Activity>
  /** It as JSON, without what only tells that time passes. */
  readonly steady: string
}

/** Milliseconds for which one reader's description serves others. */
const SHARED_FOR = 100

const last = new WeakMap<TrackedRequest, Description>()

/**
 * A running request as it is now, or as another reader has just found it: however many there are, a request
 * is described ten times a second at most. `since`: when this reader looked last; what is older tells it
 * nothing.
 */
export function describedSince(tracked: TrackedRequest, since: number, now: number): Description {
  const known = last.get(tracked)
  if (known !== undefined && known.at > since && now - known.at < SHARED_FOR) return known
  const activity = describeRequest(tracked, now, tracked.marks?.count)
  const description = { at: now, activity, steady: steadyText(activity) }
  last.set(tracked, description)
  return description
}

/** Without what only tells that time passes, which the reader knows by itself. */
export function steadyText(activity: Activity): string {
  const { durationMs: _duration, queuedMs: _queued, blockedMs: _blocked, ...steady } = activity
  return JSON.stringify(steady)
}
