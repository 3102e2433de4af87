/** What answers `/v1/activity`: requests while they happen. */

import { FeedReader } from '../../telemetry/activity/feed-reader.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { namedFrame } from '../../wire/sse/sse.ts'
import { jsonResponse } from '../json.ts'
import { SAME_ORIGIN } from '../policy.ts'
import type { RouteHandler } from '../route.ts'
import { sourcesOf } from '../telemetry-sources.ts'
import {
  eventResponse,
  feedOf,
  findRequest,
  runningActivity,
  viewerOf,
  wantsEvents,
} from './access.ts'
import { PartsReader } from './parts.ts'
import { watchRequest } from './watch.ts'

/** What a request was like is for who asked, and for no cache. */
const PRIVATE = { headers: { 'cache-control': 'no-store', ...SAME_ORIGIN } }

/** `GET /v1/activity`, also as events. */
export const listActivity: RouteHandler = async (request, trace, context) => {
  const caller = viewerOf(trace)
  const feed = feedOf(context)
  const reader = new FeedReader(feed, caller, () => sourcesOf(context).places())
  const parts = new PartsReader(caller, context)
  const { isAdmin } = caller
  const found = reader.snapshot(await parts.all())
  const head = { object: 'activity', time: Date.now(), isAdmin, instance: context.instance() }
  const first = JSON.stringify({ ...head, ...found })
  if (!wantsEvents(request)) return jsonResponse({ ...head, ...found }, PRIVATE)
  let snapshot: string | undefined = namedFrame('snapshot', first)
  const next = (now: number) => {
    const text = snapshot
    snapshot = undefined
    if (text !== undefined) return text
    const changes = reader.changes(parts.latest(now))
    return changes && namedFrame('changes', JSON.stringify({ time: Date.now(), ...changes }))
  }
  const client = request.signal
  return eventResponse({ next, isOver: () => false }, { client }, caller, context)
}

/** `GET /v1/activity/{id}`, also as events. */
export const retrieveActivity: RouteHandler = async (request, trace, context) => {
  const caller = viewerOf(trace)
  const found = findRequest(request.params.id ?? '', caller, context)
  if (wantsEvents(request)) return watchRequest(found, request.signal, caller, context)
  return jsonResponse(found.ended ?? runningActivity(found.running, caller, context), PRIVATE)
}

/** `POST /v1/activity/{id}/cancel` */
export const cancelActivity: RouteHandler = async (request, trace, context) => {
  const caller = viewerOf(trace)
  const { running } = findRequest(request.params.id ?? '', caller, context)
  if (running === undefined) {
    throw new ApiError(
      409,
      'id: expected a request that is running, got one that has ended; there is nothing to stop.',
      { code: 'request_ended', param: 'id' },
    )
  }
  feedOf(context).stop(running, context.isolates)
  return jsonResponse(runningActivity(running, caller, context))
}
