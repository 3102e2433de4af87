/** What becomes of each request: its trace, its answer by a route, and the errors on the way there. */
import type { LogEntry } from '../platform/log.ts'
import { waitUntilOf } from '../platform/wait-until.ts'
import type { Exchange } from '../stream/exchange.ts'
import { belowBase } from '../util/base-path.ts'
import { parseUrl } from '../util/parse-url.ts'
import { ApiError, badRequest, toApiError } from '../wire/errors/api-error.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import { readTraceContext } from '../wire/headers/trace-context.ts'
import { errorResponse, type Family, familyOf, setRequestId } from './api.ts'
import { internalErrorResponse } from './internal-error.ts'
import type { RouteContext } from './route.ts'
import { shownAnswer } from './shown-answer.ts'
import { Trace } from './trace.ts'

/** What all requests of one handler share, besides its context. */
export interface AnsweredRequests {
  /** Those that have no response yet. */
  pending: number
  log: ((entry: LogEntry) => void) | undefined
}

/** Answers by a route. */
type Route = (request: Request, trace: Trace) => Promise<Response>

/** Answers requests by their routes. Never rejects for what a client or an engine does. */
export function answerRequests(
  route: Route,
  context: RouteContext,
  requests: AnsweredRequests,
): (request: Request, ...lent: unknown[]) => Promise<Response> {
  const { telemetry, running, basePath, docLink, families } = context
  return async (request, ...lent) => {
    const url = parseUrl(request.url)
    const asked = url?.pathname
    const path = asked && belowBase(asked, basePath)
    const trace = new Trace(request.method, asked ?? request.url, {
      log: requests.log,
      telemetry,
      waitUntil: waitUntilOf(lent),
      traceContext: readTraceContext(request.headers),
      docs: docLink?.(url?.origin),
    })
    telemetry.onArrival(trace, request.headers, request.url)
    const family = familyOf(path, request.headers, families)
    let failure: unknown
    requests.pending++
    try {
      const answering = answer(request, path, trace, context, route)
      const answered = await answering.catch(async (error: unknown) => {
        failure = await failureOf(error, request, trace)
        return refusal(failure, family, trace)
      })
      if (trace.isForwarded) return answered
      const response = await shownAnswer(answered, trace)
      setHeaders(response, trace, family)
      trace.respond(response.status, failure)
      return response
    } catch (error) {
      return withoutAnswer(error, trace, family, running)
    } finally {
      requests.pending--
      // Where there is an exchange, its end is that of the request.
      if (trace.exchange === undefined) trace.caller?.leave()
    }
  }
}

/**
 * What is served although requests are refused: its last counts can be read, and tabs finish what they answer.
 */
function isServedToTheEnd(path = ''): boolean {
  return path === '/health' || path === '/metrics' || path.startsWith('/v1/tabs/')
}

async function answer(
  request: Request,
  path: string | undefined,
  trace: Trace,
  { isDraining, guard }: RouteContext,
  route: Route,
): Promise<Response> {
  if (isDraining() && !isServedToTheEnd(path)) throw shuttingDown()
  if (path === undefined)
    throw badRequest(
      'url: expected a URL that can be parsed, got none; check the request line and the host header.',
    )
  trace.headers = guard.admit(request)
  return route(request, trace)
}

/** What a request failed with. One that failed before it was admitted counts too, and may be refused for it. */
async function failureOf(error: unknown, { signal }: Request, trace: Trace): Promise<unknown> {
  // Some hosts abort the signal if a body was not read: an error is not a disconnect.
  const isRefused = error instanceof ApiError || !signal.aborted
  if (!isRefused) return new Cancelled('the client left', { cause: error })
  const { caller, exchange } = trace
  if (caller === undefined || exchange !== undefined) return error
  try {
    await caller.count()
    return error
  } catch (refusal) {
    return refusal instanceof ApiError && refusal.status === 429 ? refusal : error
  }
}

/** The headers that every answer has, which complete its head. */
function setHeaders({ status, headers }: Response, trace: Trace, family: Family): void {
  for (const [name, value] of trace.responseHeaders()) {
    // The answer may depend on more than the guard knows of.
    if (name === 'vary') headers.append(name, value)
    else headers.set(name, value)
  }
  setRequestId(headers, family, trace.id)
  trace.tap?.onResponse(status, [...headers], performance.now())
}

/** The error as a response; a client that has disconnected gets one too, though nobody reads it. */
function refusal(failure: unknown, family: Family, { id, docs }: Trace): Response {
  if (failure instanceof Cancelled) return new Response(null, { status: 499 })
  return errorResponse(toApiError(failure), family, id, docs)
}

/** The last resort, where the response could not be made: the engine is stopped, as nobody reads it. */
function withoutAnswer(
  error: unknown,
  trace: Trace,
  family: Family,
  running: Set<Exchange>,
): Response {
  const { exchange } = trace
  if (exchange) running.delete(exchange)
  // Whatever is broken, a host gets a response.
  try {
    exchange?.fail(toApiError(error))
  } catch {}
  try {
    trace.respond(500, error)
  } catch {}
  return internalErrorResponse(family, trace.id, trace.docs)
}

export function shuttingDown(): ApiError {
  return new ApiError(503, 'sluice is shutting down; retry when it runs again.', {
    code: 'shutting_down',
    headers: { 'retry-after': '5', connection: 'close' },
  })
}
