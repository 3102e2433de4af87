/**
 * `/v1/streams`: streams that go on without their clients. Each route rejects with an `ApiError`: 404 for
 * what its caller has not begun.
 */
import type { RunKey } from '../../state/run-log.ts'
import { quoted } from '../../util/safe/quoted.ts'
import { ApiError, badRequest, type DocLink } from '../../wire/errors/api-error.ts'
import { jsonResponse } from '../json.ts'
import type { RouteContext, RouteHandler, RouteRequest } from '../route.ts'
import { peekRun } from '../runs/bury-run.ts'
import { followRun, headersOf } from '../runs/follow.ts'
import { isLost } from '../runs/last-event.ts'
import type { Trace } from '../trace.ts'

/** `GET /v1/streams/{id}`: the events after `Last-Event-ID` or `starting_after`, to the end. */
export const retrieveStream: RouteHandler = async (request, trace, context) => {
  const from = nextFor(request)
  const key = keyOf(request, trace)
  const { runs } = context.responses
  const found = await answered(runs?.find(key))
  if (runs === undefined || found === undefined) throw unknown(key)
  const { part } = found
  const { info, first, next, state } = part
  if (request.method === 'HEAD')
    return new Response(null, { headers: headersOf(key, info, context) })
  if (context.isolates && found.run) throw stillRunning()
  if (from < first) throw eventsLost(from, first)
  if (state !== 'running' && from >= next && !(await answered(isLost(found, key, part)))) {
    if (from > next) throw beyond(from, next)
    // All is read: it tells an EventSource not to connect again.
    return new Response(null, { status: 204 })
  }
  if (found.run && from > next) throw beyond(from, next)
  return followRun(found, { key, info, from, client: request.signal, docs: trace.docs }, context)
}

/** `DELETE /v1/streams/{id}`: stops its engine; again, nothing changes. */
export const deleteStream: RouteHandler = async (request, trace, context) => {
  const key = keyOf(request, trace)
  const { runs } = context.responses
  const state = await answered(runs?.stop(key))
  if (state === undefined) throw unknown(key)
  const after = runs?.get(key) === undefined ? state : 'running'
  return jsonResponse({
    id: key.id,
    object: 'stream',
    state: await stateAfter(context, key, after, trace.docs),
  })
}

/** `POST /v1/streams/{id}/stop`, for clients that can't send DELETE. */
export const stopStream: RouteHandler = (...asked) => deleteStream(...asked)

/** The state now: this instance stops at once what it produces, and ends what an instance has left that is gone. */
async function stateAfter(
  context: RouteContext,
  key: RunKey,
  state: string,
  docs: DocLink | undefined,
): Promise<string> {
  const here = await context.responses.runs?.local.read(key, 0, true)
  if (here !== undefined || state !== 'running') return here?.state ?? state
  return (await peekRun(key, context, docs))?.state ?? state
}

function keyOf({ params }: RouteRequest, { caller }: Trace): RunKey {
  return { owner: caller?.name ?? '', id: params.id ?? '' }
}

/** The number of the first event that a client has not got. Throws an `ApiError` (400). */
function nextFor({ headers, url }: Pick<Request, 'headers' | 'url'>): number {
  const inHeader = numberIn(headers.get('last-event-id'), 'Last-Event-ID')
  const inQuery = numberIn(new URL(url).searchParams.get('starting_after'), 'starting_after')
  if (inHeader !== undefined && inQuery !== undefined && inHeader !== inQuery) {
    throw badRequest(
      `starting_after: expected the number of Last-Event-ID (${inHeader}), got ${inQuery}; send only one of the two.`,
      'starting_after',
    )
  }
  const last = inHeader ?? inQuery
  return last === undefined ? 0 : last + 1
}

function numberIn(text: string | null, name: string): number | undefined {
  // A client that has seen no number sends an empty one, or none.
  if (text === null || text === '') return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw badRequest(`${name}: expected the number of an event, got ${quoted(text)}.`, name)
}

/** Rejects with an `ApiError` (503) where the log that instances share does not answer. */
async function answered<T>(asking: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asking
  } catch (cause) {
    const message =
      'state: the store that instances share does not answer, so the stream cannot be looked up; retry in a second.'
    const headers = { 'retry-after': '1' }
    throw new ApiError(503, message, { code: 'state_unavailable', headers, cause })
  }
}

function unknown({ id }: RunKey): ApiError {
  const message = `id: expected the id of a stream of yours that can be resumed, got ${quoted(id)}; one is kept for a while after its end (streamTtl), and only if it was asked for with x-sluice-resume: 1. Send the request again.`
  return new ApiError(404, message, { code: 'stream_not_found', param: 'id' })
}

function eventsLost(from: number, first: number): ApiError {
  const message = `starting_after: expected a number from ${first - 1} on, since older events are not stored any more, got ${from - 1}; what was between is lost. Send the request again, or go on from there.`
  return new ApiError(410, message, { code: 'events_lost', param: 'starting_after' })
}

function beyond(from: number, next: number): ApiError {
  return badRequest(
    `starting_after: expected a number up to ${next - 1}, the last event, got ${from - 1}.`,
    'starting_after',
  )
}

function stillRunning(): ApiError {
  const message =
    'id: the stream is still running, and on this runtime only the request that started it can follow its events; retry when it has ended.'
  return new ApiError(409, message, {
    code: 'stream_running',
    param: 'id',
    headers: { 'retry-after': '1' },
  })
}
