import type { Exchange } from '../../stream/exchange.ts'
import { logText } from '../../util/safe/log.ts'
import type { Activity, ActivityState } from '../../wire/activity/schema.ts'
import { STALL } from '../../wire/activity/stall.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { TrackedRequest } from './tracked-request.ts'

/** Milliseconds for which a client has unread data before it counts as blocking its stream. */
const BLOCKED_AFTER = 250

/** The most characters of an error's message. */
const MOST_MESSAGE = 500

/**
 * A request as it is now. `knownGaps`: how many of its gaps the reader has. Fields are set one by one:
 * each request is described once at least, and spreading a dozen objects took as long as all the rest.
 */
export function describeRequest(tracked: TrackedRequest, now: number, knownGaps = 0): Activity {
  const { request, client, session } = tracked
  const { exchange, caller, status, outcome } = request
  const { usage } = exchange ?? {}
  const { model = tracked.asked, engine } = exchange?.timeline ?? {}
  const activity: Activity = {
    id: request.id,
    arrived: request.time,
    method: logText(request.method, 20),
    path: logText(request.path, 500),
    api: request.route ?? null,
    state: outcome === undefined ? stateOf(exchange, now) : 'ended',
    streamed: exchange?.isStream || tracked.asksStream,
    tokens: usage?.completion_tokens ?? exchange?.tokens ?? 0,
    tokensReported: usage?.completion_tokens !== undefined,
    durationMs: Math.round(now - request.startedAt),
  }
  if (model !== undefined) activity.model = logText(model)
  if (engine !== undefined) activity.engine = logText(engine)
  if (caller?.name) activity.key = logText(caller.name)
  if (client !== undefined) activity.client = client
  if (session !== undefined) activity.session = session
  if (usage?.prompt_tokens !== undefined) activity.promptTokens = usage.prompt_tokens
  if (exchange) addTimes(activity, exchange, request.startedAt, now)
  if (tracked.marks) addGaps(activity, tracked, now, knownGaps)
  if (status !== 0) activity.status = status
  if (outcome !== undefined) addEnd(activity, tracked)
  if (request.capture !== undefined) activity.capture = request.capture
  return activity
}

function stateOf(exchange: Exchange | undefined, now: number): ActivityState {
  if (exchange === undefined) return 'reading'
  const { timeline } = exchange
  if (timeline.queuedSince > 0) return 'queued'
  if (exchange.isLoading) return 'loading'
  // It waits for the lists of models.
  if (timeline.attempts.length === 0) return 'queued'
  const { blockedSince } = timeline
  if (timeline.firstTokenAt === 0) return 'prefill'
  if (blockedSince > 0 && now - blockedSince > BLOCKED_AFTER) return 'blocked'
  return timeline.gapUntil(now) >= STALL ? 'stalled' : 'streaming'
}

/** What is known of its exchange: times in whole milliseconds, and only of events that have happened. */
function addTimes(activity: Activity, exchange: Exchange, startedAt: number, now: number): void {
  const { timeline, progress, failures, affinity, repaired, resumable } = exchange
  const queued = Math.round(timeline.queuedMs(now))
  const blocked = Math.round(timeline.blockedMs(now))
  const { firstTokenAt, longestGap, stalls, heartbeats, attempts } = timeline
  if (progress !== undefined) activity.progress = logText(progress)
  if (queued > 0) activity.queuedMs = queued
  if (firstTokenAt > 0) activity.firstTokenMs = Math.round(firstTokenAt - startedAt)
  if (longestGap > 0) activity.longestGapMs = Math.round(longestGap)
  if (stalls > 0) activity.stalls = stalls
  if (heartbeats > 0) activity.heartbeats = heartbeats
  if (blocked > 0) activity.blockedMs = blocked
  if (attempts.length > 0) activity.attempts = attempts.length
  if (failures.length > 0) activity.failures = failures.map((each) => logText(each))
  if (affinity !== undefined) activity.affinity = affinity
  if (repaired.length > 0) activity.repairs = repaired
  if (resumable === undefined) return
  activity.stream = resumable.id
  if (!resumable.isRead && exchange.outcome === undefined) activity.unread = true
}

function addGaps(
  activity: Activity,
  { marks, request }: TrackedRequest,
  now: number,
  known: number,
): void {
  if (marks === undefined) return
  const gaps = marks.since(known)
  const { firstTokenAt = 0 } = request.exchange?.timeline ?? {}
  if (request.outcome === undefined && firstTokenAt > 0) {
    activity.rate = marks.rate(request.exchange?.tokens ?? 0, now)
  }
  if (gaps.length > 0) activity.gaps = gaps
}

function addEnd(activity: Activity, { request: { outcome, failure } }: TrackedRequest): void {
  if (outcome !== undefined) activity.outcome = outcome
  if (!(failure instanceof ApiError)) return
  if (failure.code !== null) activity.code = logText(failure.code)
  activity.message = logText(failure.message, MOST_MESSAGE)
}
