import type { Activity, ActivityList } from '../../wire/activity/schema.ts'
import type { ActivityFeed } from './activity-feed.ts'
import { describedSince } from './description.ts'
import { isListed } from './listed.ts'
import type { TrackedRequest } from './tracked-request.ts'

/** Who reads. */
export interface Viewer {
  isAdmin: boolean
  name: string
}

/** What there is beside the requests. */
export type FeedParts = Pick<ActivityList, 'engines' | 'queue' | 'keys' | 'captures'>

/** Whether a request is one that this viewer may see. */
export function maySee(viewer: Viewer, owner: string | undefined): boolean {
  return viewer.isAdmin || (viewer.name !== '' && owner === viewer.name)
}

/** Without what only admins may know: which engines there are. */
export function shownTo({ isAdmin }: Viewer, activity: Activity): Activity {
  if (isAdmin) return activity
  const { engine: _e, failures: _f, affinity: _a, capture: _c, ...own } = activity
  return own
}

/** What has changed since a reader last asked. */
interface FoundChanges extends Partial<FeedParts> {
  requests: Activity[]
  removed?: string[]
}

/** What a reader has of one request that runs. */
interface Known {
  /** What it was like, as JSON. */
  steady: string
  gaps: number
  place: number | undefined
}

/** Finds what one reader does not have yet: whatever changed since it last asked, however long ago. */
export class FeedReader {
  readonly #feed: ActivityFeed
  readonly #viewer: Viewer
  readonly #places: () => ReadonlyMap<object, number>
  readonly #running = new Map<string, Known>()
  /** The ids of those that have ended. */
  readonly #ended = new Set<string>()
  #last = 0
  #lookedAt = Number.NEGATIVE_INFINITY
  #forgotten = 0
  readonly #parts = new Map<string, { value: unknown; text: string }>()

  /** `places`: by its exchange, the place in the queue of each request that waits. */
  constructor(feed: ActivityFeed, viewer: Viewer, places: () => ReadonlyMap<object, number>) {
    this.#feed = feed
    this.#viewer = viewer
    this.#places = places
  }

  /** All that there is. */
  snapshot(parts: FeedParts): FeedParts & Pick<ActivityList, 'requests'> {
    this.#changedParts(parts)
    return { requests: this.#requests(), ...parts }
  }

  /** What has changed; undefined where nothing has. */
  changes(parts: Partial<FeedParts>): FoundChanges | undefined {
    const changed = this.#changedParts(parts)
    const requests = this.#requests()
    const removed = this.#removed()
    if (requests.length + removed.length + Object.keys(changed).length === 0) return undefined
    return { requests, ...(removed.length > 0 && { removed }), ...changed }
  }

  #changedParts(parts: Partial<FeedParts>): Partial<FeedParts> {
    const changed = Object.entries(parts).filter(([name, value]) => {
      const known = this.#parts.get(name)
      // Hundreds of keys are found once in a second, and looked at four times.
      if (known?.value === value) return false
      const text = JSON.stringify(value)
      this.#parts.set(name, { value, text })
      return known?.text !== text
    })
    return Object.fromEntries(changed)
  }

  #requests(): Activity[] {
    const now = performance.now()
    const places = this.#places()
    this.#feed.endSilent(now)
    const requests: Activity[] = []
    for (const tracked of this.#feed.running.values()) {
      const activity = this.#changed(tracked, now, places)
      if (activity !== undefined) requests.push(activity)
    }
    for (const { activity, owner, gapCount } of this.#feed.ended.since(this.#last)) {
      if (!maySee(this.#viewer, owner)) continue
      const { id, gaps } = activity
      const missing = gapCount - (this.#running.get(id)?.gaps ?? 0)
      this.#running.delete(id)
      this.#ended.add(id)
      const news = { ...activity, ...(gaps && { gaps: missing > 0 ? gaps.slice(-missing) : [] }) }
      requests.push(shownTo(this.#viewer, news))
    }
    this.#last = this.#feed.ended.last
    this.#lookedAt = now
    return requests
  }

  /** A request that runs; undefined where the reader knows it as it is. */
  #changed(
    tracked: TrackedRequest,
    now: number,
    places: ReadonlyMap<object, number>,
  ): Activity | undefined {
    const { request, marks } = tracked
    if (!isListed(request) || !maySee(this.#viewer, request.caller?.name)) return undefined
    const known = this.#running.get(request.id)
    const { activity, steady } = describedSince(tracked, this.#lookedAt, now)
    const place = request.exchange && places.get(request.exchange)
    const gaps = marks?.count ?? 0
    if (known?.steady === steady && known.gaps === gaps && known.place === place) return undefined
    const newGaps = marks?.since(known?.gaps ?? 0) ?? []
    this.#running.set(request.id, { steady, gaps, place })
    return shownTo(this.#viewer, {
      ...activity,
      ...(newGaps.length > 0 && { gaps: newGaps }),
      ...(place !== undefined && { place }),
    })
  }

  /** The ids of those that the reader has, and that are not kept any more. */
  #removed(): string[] {
    const { running, ended } = this.#feed
    const removed: string[] = []
    for (const id of this.#running.keys()) {
      if (running.has(id)) continue
      this.#running.delete(id)
      removed.push(id)
    }
    if (ended.forgotten === this.#forgotten) return removed
    this.#forgotten = ended.forgotten
    for (const id of this.#ended) {
      if (ended.get(id) !== undefined) continue
      this.#ended.delete(id)
      removed.push(id)
    }
    return removed
  }
}
