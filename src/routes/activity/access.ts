/** Who may see which request, and how many streams a caller may have. */

import { requireAdmin } from '../../guard/admin.ts'
import type { Caller } from '../../guard/caller.ts'
import type { ActivityFeed } from '../../telemetry/activity/activity-feed.ts'
import { describeRequest } from '../../telemetry/activity/describe.ts'
import { maySee, shownTo } from '../../telemetry/activity/feed-reader.ts'
import { isListed } from '../../telemetry/activity/listed.ts'
import { MAX_READERS } from '../../telemetry/activity/readers.ts'
import type { TrackedRequest } from '../../telemetry/activity/tracked-request.ts'
import type { Activity } from '../../wire/activity/schema.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { RouteContext } from '../route.ts'
import { sourcesOf } from '../telemetry-sources.ts'
import type { Trace } from '../trace.ts'
import { type EventSource, EventStream, type EventStreamOptions } from './event-stream.ts'

/** Who asks. Throws an `ApiError` (403) for who has no name and is no admin: all of them are one. */
export function viewerOf({ caller }: Trace): Caller {
  if (!caller?.name) requireAdmin(caller)
  return caller as Caller
}

/** Throws an `ApiError` (404) where the feed is switched off. */
export function feedOf({ telemetry }: RouteContext): ActivityFeed {
  if (telemetry.activity?.isOn) return telemetry.activity
  throw new ApiError(
    404,
    'activity: expected a server that shows the activity of its requests, got one whose setting activity is 0; set it to the number of ended requests to keep, such as 500.',
    { code: 'activity_off' },
  )
}

/** A request that the caller may see: one that runs, or what is kept of one that has ended. */
export type FoundActivity =
  | { running: TrackedRequest; ended?: undefined }
  | { running?: undefined; ended: Activity }

/** Throws an `ApiError` (404), whether there is no such request or it is another's. */
export function findRequest(id: string, caller: Caller, context: RouteContext): FoundActivity {
  const { running, ended } = feedOf(context)
  const tracked = running.get(id)
  if (tracked && isListed(tracked.request) && maySee(caller, tracked.request.caller?.name))
    return { running: tracked }
  const entry = ended.get(id)
  if (entry && maySee(caller, entry.owner)) return { ended: shownTo(caller, entry.activity) }
  const message =
    'id: expected the x-request-id of a request of yours that is running or ended lately, got another; GET /v1/activity lists them.'
  throw new ApiError(404, message, { code: 'not_found', param: 'id' })
}

/** A request that runs as it is now, as the caller sees it. */
export function runningActivity(
  tracked: TrackedRequest,
  caller: Caller,
  context: RouteContext,
): Activity {
  const activity = describeRequest(tracked, performance.now())
  const { exchange } = tracked.request
  const place = exchange && sourcesOf(context).places().get(exchange)
  return shownTo(caller, { ...activity, ...(place !== undefined && { place }) })
}

/** Whether a request asks for events. */
export function wantsEvents({ url, headers, method }: Pick<Request, 'url' | 'headers' | 'method'>) {
  // The answer to HEAD has no body that anyone would end.
  if (method !== 'GET') return false
  const asked = new URL(url).searchParams.get('stream')
  if (asked !== null) return asked === 'true'
  return headers.get('accept')?.includes('text/event-stream') === true
}

/** Answers with the events of a source. Throws an `ApiError` (429) where the caller has too many streams. */
export function eventResponse(
  source: Pick<EventSource, 'next' | 'isOver'> & { onStart?(): void; onEnd?(): void },
  options: Omit<EventStreamOptions, 'heartbeat' | 'clientTimeout'>,
  caller: Caller,
  context: RouteContext,
): Response {
  const { readers } = feedOf(context)
  const reader = readers.add(caller.name, performance.now())
  if (reader === undefined) throw tooMany()
  const { feeds, settings } = context
  const stream = new EventStream(
    {
      next: (now) => source.next(now),
      isOver: () => context.isDraining() || source.isOver(),
      onTick(now) {
        reader.seenAt = now
      },
      onEnd() {
        readers.remove(caller.name, reader)
        feeds.delete(stream)
        source.onEnd?.()
      },
    },
    { ...settings, ...options },
  )
  feeds.add(stream)
  source.onStart?.()
  return stream.start()
}

function tooMany(): ApiError {
  return new ApiError(
    429,
    `stream: expected at most ${MAX_READERS} open streams of activity for one caller, got one more; close one, or leave stream out.`,
    { code: 'too_many_readers', headers: { 'retry-after': '5' } },
  )
}
