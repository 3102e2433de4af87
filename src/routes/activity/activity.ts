/** What answers `/v1/activity`: requests while they happen. */
import { requireAdmin } from '../../guard/admin.ts'
import type { ActivityFeed } from '../../telemetry/activity/activity-feed.ts'
import { describeRequest } from '../../telemetry/activity/describe.ts'
import { FeedReader, maySee, shownTo, type Viewer } from '../../telemetry/activity/feed-reader.ts'
import { isListed } from '../../telemetry/activity/listed.ts'
import type { TrackedRequest } from '../../telemetry/activity/tracked-request.ts'
import type { Activity } from '../../wire/activity/schema.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { namedFrame } from '../../wire/sse/sse.ts'
import { jsonResponse } from '../json.ts'
import type { RouteContext, RouteHandler } from '../route.ts'
import type { Trace } from '../trace.ts'
import { eventResponse } from './event-stream.ts'
import { feedParts } from './parts.ts'

/** `GET /v1/activity`, also as events. */
export const listActivity: RouteHandler = async (request, trace, context) => {
  const viewer = viewerOf(trace)
  const feed = feedOf(context)
  const { sources, settings } = context
  const reader = new FeedReader(feed, viewer, () => sources.places())
  const parts = feedParts(viewer, context)
  const first = {
    object: 'activity',
    time: Date.now(),
    isAdmin: viewer.isAdmin,
    instance: context.instance(),
    ...reader.snapshot(await parts.all()),
  }
  if (!wantsEvents(request)) return jsonResponse(first)
  let snapshot: string | undefined = namedFrame('snapshot', JSON.stringify(first))
  return eventResponse(
    {
      next(now) {
        const text = snapshot
        snapshot = undefined
        if (text !== undefined) return text
        const changes = reader.changes(parts.latest(now))
        return changes && namedFrame('changes', JSON.stringify({ time: Date.now(), ...changes }))
      },
      isOver: () => context.isDraining(),
      onEnd() {},
    },
    { ...settings, client: request.signal },
  )
}

/** `GET /v1/activity/{id}` */
export const retrieveActivity: RouteHandler = async (request, trace, context) => {
  const viewer = viewerOf(trace)
  const { running, activity } = find(request.params.id ?? '', viewer, context)
  return jsonResponse(running ? described(running, viewer, context) : activity)
}

/** `POST /v1/activity/{id}/cancel` */
export const cancelActivity: RouteHandler = async (request, trace, context) => {
  const viewer = viewerOf(trace)
  const { running } = find(request.params.id ?? '', viewer, context)
  if (running === undefined) {
    throw new ApiError(409, 'id: expected a request that is running, got one that has ended.', {
      code: 'request_ended',
      param: 'id',
    })
  }
  feedOf(context).stop(running, context.isolates)
  return jsonResponse(described(running, viewer, context))
}

/** Who asks. Throws an `ApiError` (403) for who has no name and is no admin: all of them are one. */
function viewerOf({ caller }: Trace): Viewer {
  if (!caller?.name) requireAdmin(caller)
  return { isAdmin: caller?.isAdmin === true, name: caller?.name ?? '' }
}

/** Throws an `ApiError` (404) where the feed is switched off. */
function feedOf({ telemetry }: RouteContext): ActivityFeed {
  if (telemetry.activity.isOn) return telemetry.activity
  throw new ApiError(
    404,
    'activity: expected a server that keeps the activity of its requests, got one whose setting activity is 0; set it to the number of ended requests to keep, such as 500.',
    { code: 'activity_off' },
  )
}

/** A request that the viewer may see. Throws an `ApiError` (404). */
function find(
  id: string,
  viewer: Viewer,
  context: RouteContext,
): { running: TrackedRequest; activity?: undefined } | { running?: undefined; activity: Activity } {
  const { running, ended } = feedOf(context)
  const tracked = running.get(id)
  if (tracked && isListed(tracked.request) && maySee(viewer, tracked.request.caller?.name))
    return { running: tracked }
  const entry = ended.get(id)
  if (entry && maySee(viewer, entry.owner)) return { activity: shownTo(viewer, entry.activity) }
  const message =
    'id: expected the x-request-id of a request of yours that is running or ended lately, got another; GET /v1/activity lists them.'
  throw new ApiError(404, message, { code: 'not_found', param: 'id' })
}

function described(tracked: TrackedRequest, viewer: Viewer, { sources }: RouteContext): Activity {
  const activity = describeRequest(tracked, performance.now())
  const { exchange } = tracked.request
  const place = exchange && sources.places().get(exchange)
  return shownTo(viewer, { ...activity, ...(place !== undefined && { place }) })
}

function wantsEvents({
  url,
  headers,
  method,
}: Pick<Request, 'url' | 'headers' | 'method'>): boolean {
  if (method !== 'GET') return false
  const asked = new URL(url).searchParams.get('stream')
  if (asked !== null) return asked === 'true'
  return headers.get('accept')?.includes('text/event-stream') === true
}
