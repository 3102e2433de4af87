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

/** A request as it is now. `knownGaps`: how many of its gaps the reader has. */
export function describeRequest(tracked: TrackedRequest, now: number, knownGaps = 0): Activity {
  const { request, client, session, asked } = tracked
  const { exchange, caller, status, outcome } = request
  const { model = asked, engine } = exchange?.timeline ?? {}
  return {
    id: request.id,
    arrived: request.time,
    method: logText(request.method, 20),
    path: logText(request.path, 500),
    api: request.route ?? null,
    state: outcome === undefined ? stateOf(exchange, now) : 'ended',
    ...(model !== undefined && { model: logText(model) }),
    ...(engine !== undefined && { engine: logText(engine) }),
    ...(caller?.name && { key: logText(caller.name) }),
    ...(client !== undefined && { client }),
    ...(session !== undefined && { session }),
    streamed: exchange?.isStream || tracked.asksStream,
    ...tokensOf(exchange),
    durationMs: Math.round(now - request.startedAt),
    ...(exchange && timesOf(exchange, request.startedAt, now)),
    ...(tracked.marks && gapsOf(tracked, now, knownGaps)),
    ...(status !== 0 && { status }),
    ...(outcome !== undefined && { outcome, ...endOf(tracked) }),
    ...(request.capture !== undefined && { capture: request.capture }),
  }
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

function tokensOf(exchange: Exchange | undefined) {
  const { completion_tokens: completion, prompt_tokens: prompt } = exchange?.usage ?? {}
  return {
    tokens: completion ?? exchange?.tokens ?? 0,
    tokensReported: completion !== undefined,
    ...(prompt !== undefined && { promptTokens: prompt }),
  }
}

/** The times of events, in whole milliseconds; events that have not happened are omitted. */
function timesOf(exchange: Exchange, startedAt: number, now: number): Partial<Activity> {
  const { timeline, progress, failures, affinity, resumable } = exchange
  const isUnread = resumable?.isRead === false && exchange.outcome === undefined
  const queued = Math.round(timeline.queuedMs(now))
  const blocked = Math.round(timeline.blockedMs(now))
  const { firstTokenAt, stalls, heartbeats, attempts } = timeline
  return {
    ...(progress !== undefined && { progress: logText(progress) }),
    ...(queued > 0 && { queuedMs: queued }),
    ...(firstTokenAt > 0 && { firstTokenMs: Math.round(firstTokenAt - startedAt) }),
    ...(timeline.longestGap > 0 && { longestGapMs: Math.round(timeline.longestGap) }),
    ...(stalls > 0 && { stalls }),
    ...(heartbeats > 0 && { heartbeats }),
    ...(blocked > 0 && { blockedMs: blocked }),
    ...(attempts.length > 0 && { attempts: attempts.length }),
    ...(failures.length > 0 && { failures: failures.map((each) => logText(each)) }),
    ...(affinity !== undefined && { affinity }),
    ...(resumable !== undefined && { stream: resumable.id }),
    ...(isUnread && { unread: true }),
  }
}

function gapsOf({ marks, request }: TrackedRequest, now: number, known: number): Partial<Activity> {
  if (marks === undefined) return {}
  const gaps = marks.since(known)
  const isRunning = request.outcome === undefined
  const { firstTokenAt = 0 } = request.exchange?.timeline ?? {}
  return {
    ...(isRunning && firstTokenAt > 0 && { rate: marks.rate(request.exchange?.tokens ?? 0, now) }),
    ...(gaps.length > 0 && { gaps }),
  }
}

function endOf({ request }: TrackedRequest): Partial<Activity> {
  const { failure, exchange } = request
  const repairs = exchange?.repaired ?? []
  return {
    ...(failure instanceof ApiError && {
      ...(failure.code !== null && { code: logText(failure.code) }),
      message: logText(failure.message, MOST_MESSAGE),
    }),
    ...(repairs.length > 0 && { repairs }),
  }
}
