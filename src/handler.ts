/** The handler: what all requests share. Which routes there are is in routes/table.ts. */
import { createEngines } from './engines/engines.ts'
import type { EngineStatus } from './engines/registry/catalog.ts'
import { createGuard } from './guard/guard.ts'
import { requireKnownCallers } from './guard/origin.ts'
import {
  type HandlerHost,
  type HandlerOptions,
  readHandlerOptions,
  requireOwnLabels,
} from './options.ts'
import type { Fetch } from './platform/fetch.ts'
import type { Files } from './platform/files.ts'
import type { LogEntry } from './platform/log.ts'
import { isWorkerd } from './platform/runtime.ts'
import { waitUntilOf } from './platform/wait-until.ts'
import { type ApiFamily, errorResponse, familyOf, setRequestId } from './routes/api.ts'
import { endFollowing } from './routes/end-following.ts'
import { internalErrorResponse } from './routes/internal-error.ts'
import type { RouteContext } from './routes/route.ts'
import { createRoutes } from './routes/router.ts'
import { memoryResponses } from './routes/runs/runs.ts'
import { shownAnswer } from './routes/shown-answer.ts'
import { telemetrySources } from './routes/telemetry-sources.ts'
import { Trace } from './routes/trace.ts'
import { warnOnce } from './settings/deprecated.ts'
import { parseSettings, type Settings, type SettingsInput } from './settings/settings.ts'
import { WORKERD_DEFAULTS } from './settings/workerd-defaults.ts'
import { boundedLimits } from './state/bounded-limits.ts'
import { formerLimits, type LimitStore } from './state/former-limits.ts'
import { memoryStatus } from './state/state-status.ts'
import type { Exchange } from './stream/exchange.ts'
import { separateTickers, sharedTicker } from './stream/ticker.ts'
import { transformWriter } from './stream/transform-writer.ts'
import { Telemetry } from './telemetry/telemetry.ts'
import { belowBase } from './util/base-path.ts'
import { parseUrl } from './util/parse-url.ts'
import { ApiError, badRequest, toApiError } from './wire/errors/api-error.ts'
import { Cancelled } from './wire/errors/cancelled.ts'
import { readTraceContext } from './wire/headers/trace-context.ts'

/** Answers requests. */
export interface Handler {
  /**
   * Answers one request. The first of the further arguments that has a function `waitUntil` keeps the
   * runtime from ending what goes on after the response, such as storing it: a Worker's `ctx`, a
   * service worker's event, or `{ waitUntil }`. It needs no `this`, and never rejects for what a client
   * or an engine does.
   */
  fetch(this: void, request: Request, ...lent: unknown[]): Promise<Response>
  /** Asks every engine for its models now, and looks for local servers again. */
  refresh(): Promise<EngineStatus[]>
  /** Refuses new requests, lets running ones finish for `graceMs`, then ends the rest with an error. */
  drain(graceMs: number): Promise<void>
}

/** @deprecated Give one argument: `createHandler({ ...settings, engines, log })`. */
export function createHandler(settings: SettingsInput, host: FormerHost): Handler
/**
 * Makes the handler that serves the OpenAI and Anthropic APIs, for any program that can answer a
 * `Request` with a `Response`. Nothing runs until the first request. Throws a `SettingsError` for an
 * option that is wrong, that there is not, or that only a server can honour.
 *
 * Anyone is taken to be able to reach it: without `keys`, `authenticate` or `insecure: true` it refuses
 * every request. `serve` from `sluice/bun`, `sluice/deno` or `sluice/node` also listens on a port.
 *
 * @example
 * const handler = createHandler({
 *   upstream: ['http://127.0.0.1:11434/v1'],
 *   authenticate: (request) => {
 *     const name = request.headers.get('x-user')
 *     return name ? { name, requestsPerMinute: 60 } : undefined
 *   },
 * })
 * const response = await handler.fetch(new Request('http://localhost/v1/models'))
 * console.log(response.status) // 401
 */
export function createHandler(options?: HandlerOptions): Handler
export function createHandler(options: object = {}, former?: FormerHost): Handler {
  if (former !== undefined) return createAsFormerly(options, former)
  const { settings, host } = readHandlerOptions(options)
  return createHostedHandler(settings, host)
}

/**
 * The second argument that `createHandler` had; it works for one release.
 *
 * @deprecated Write what it has as options of `createHandler`.
 */
export interface FormerHost {
  name?: string
  engines?: readonly object[]
  fetch?: Fetch
  files?: Files
  /** Who can reach the handler; anyone by default. */
  reach?: 'machine' | 'page' | 'anyone'
  log?: (entry: LogEntry) => void
  limits?: LimitStore
  responses?: object
  isolateRequests?: boolean
}

/** How it was called before it had options of its own: this works for one release. */
function createAsFormerly(settings: SettingsInput, { reach, ...host }: FormerHost): Handler {
  warnOnce(
    'createHandler(settings, host) is deprecated: put engines, files, fetch, log, limits and responses into its one argument, the last two as state.limits and state.responses.',
  )
  const { limits } = host
  const lent = {
    ...(reach && { exposure: reach }),
    ...host,
    ...(limits && { limits: boundedLimits(formerLimits(limits)) }),
  }
  return createHostedHandler(settings, lent as HandlerHost)
}

/** The same for a host. Throws a `SettingsError`. Nothing runs until the first request. */
export function createHostedHandler(input: SettingsInput = {}, host: HandlerHost = {}): Handler {
  return createCheckedHandler(
    parseSettings(isWorkerd() ? { ...WORKERD_DEFAULTS, ...input } : input),
    host,
  )
}

/** The same for settings that `parseSettings` has checked. */
export function createCheckedHandler(settings: Settings, host: HandlerHost): Handler {
  requireKnownCallers(settings, host)
  requireOwnLabels(settings, host)
  const running = new Set<Exchange>()
  /** Requests that have no response yet. */
  let pending = 0
  let isDraining = false
  const context = createContext(settings, host, running, () => isDraining)
  const { catalog, guard, pool, telemetry } = context
  const route = createRoutes(context)
  // Last, as nothing may change for running requests where something of the new settings is wrong.
  pool.takeOver(catalog.known.map(({ engine }) => engine))
  host.managed?.takeOver(settings)
  telemetry.configure(settings, context.sources)

  async function answer(request: Request, path: string | undefined, trace: Trace) {
    // The process still serves, although it refuses requests: its last counts can be read.
    if (isDraining && path !== '/health' && path !== '/metrics') throw shuttingDown()
    if (path === undefined)
      throw badRequest(
        'url: expected a URL that can be parsed, got none; check the request line and the host header.',
      )
    trace.headers = guard.admit(request)
    return route(request, trace)
  }

  return {
    refresh: () => catalog.status(),
    async fetch(request, ...lent) {
      const asked = parseUrl(request.url)?.pathname
      const path = asked && belowBase(asked, host.basePath)
      const trace = new Trace(request.method, asked ?? request.url, {
        ...{ log: host.log, telemetry, waitUntil: waitUntilOf(lent) },
        traceContext: readTraceContext(request.headers),
      })
      telemetry.onArrival(trace, request.headers, request.url)
      const family = familyOf(path, request.headers)
      let failure: unknown
      pending++
      try {
        const answered = await answer(request, path, trace).catch(async (error: unknown) => {
          failure = await failureOf(error, request, trace)
          return refusal(failure, family, trace.id)
        })
        const response = await shownAnswer(answered, trace)
        setHeaders(response, trace, family)
        trace.respond(response.status, failure)
        return response
      } catch (error) {
        return withoutAnswer(error, trace, family, running)
      } finally {
        pending--
        // Where there is an exchange, its end is that of the request.
        if (trace.exchange === undefined) trace.caller?.leave()
      }
    },
    async drain(graceMs) {
      isDraining = true
      endFollowing(context, host.isLeaving)
      await untilFalse(() => running.size > 0 || pending > 0, graceMs)
      for (const exchange of running) exchange.fail(shuttingDown())
      await context.responses.runs?.flush(FLUSH_TIMEOUT)
      // Where a reload shares it with another handler, whoever shares it does.
      if (host.telemetry === undefined) await telemetry.flush()
    },
  }
}

/** Milliseconds for which a handler that stops waits until the ends of its streams are stored. */
const FLUSH_TIMEOUT = 2_000

/** The headers that every answer has, which complete its head. */
function setHeaders({ status, headers }: Response, trace: Trace, family: ApiFamily): void {
  for (const [name, value] of trace.responseHeaders()) headers.set(name, value)
  setRequestId(headers, family, trace.id)
  trace.tap?.onResponse(status, [...headers], performance.now())
}

/** What all routes work with. */
function createContext(
  settings: Settings,
  host: HandlerHost,
  running: Set<Exchange>,
  isDraining: () => boolean,
): RouteContext {
  const { frameWriter = transformWriter, responses = memoryResponses() } = host
  const { stateStatus = () => memoryStatus, isLeaving = isDraining } = host
  const isolates = host.isolateRequests ?? isWorkerd()
  let id = host.instance
  // Made when it is first needed: workerd has no random numbers before a request.
  const instance = () => {
    id ??= crypto.randomUUID()
    return id
  }
  const first = firstLimit(settings)
  const ticker = isolates ? separateTickers(isolatedTick(settings)) : sharedTicker(quarterOf(first))
  const engines = createEngines(settings, host, ticker, instance)
  return {
    settings,
    ticker,
    running,
    feeds: new Set(),
    ...{ isDraining, isLeaving, instance, stateStatus },
    ...engines,
    sources: telemetrySources(engines, running, {
      queue: settings.queue,
      responses,
      ...{ isolates, tracer: host.tracer, stateStatus },
    }),
    guard: createGuard(settings, { ...host, isolates }),
    telemetry: host.telemetry ?? new Telemetry(),
    streaming: { ...settings, frameWriter },
    responses,
    hasSeveralCallers: host.authenticate !== undefined || settings.keys.length > 1,
    isolates,
    files: host.files,
    hostName: host.name,
    basePath: host.basePath ?? '',
  }
}

/** Milliseconds after which the first deadline may pass. */
function firstLimit(settings: Settings): number {
  const { heartbeat, answerTimeout, firstTokenTimeout, tokenTimeout, clientTimeout } = settings
  const limits = [answerTimeout, firstTokenTimeout, tokenTimeout, clientTimeout]
  return Math.min(heartbeat, settings.attemptTimeout, ...limits)
}

/**
 * Milliseconds after which a request checks its deadlines at the latest, where none may touch what another
 * one holds: so soon does it see that another one stops it.
 */
function isolatedTick(settings: Settings): number {
  const first = firstLimit(settings)
  return settings.activity > 0 ? Math.min(first, 500) : first
}

/** Milliseconds between two checks of all deadlines. */
function quarterOf(limit: number): number {
  return Math.min(1000, Math.max(5, limit / 4))
}

/** The error as a response; a client that has disconnected gets one too, though nobody reads it. */
function refusal(failure: unknown, family: ApiFamily, requestId: string): Response {
  if (failure instanceof Cancelled) return new Response(null, { status: 499 })
  return errorResponse(toApiError(failure), family, requestId)
}

/** The last resort, where the response could not be made: the engine is stopped, as nobody reads it. */
function withoutAnswer(
  error: unknown,
  trace: Trace,
  family: ApiFamily,
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
  return internalErrorResponse(family, trace.id)
}

function shuttingDown(): ApiError {
  return new ApiError(503, 'sluice is shutting down; retry when it runs again.', {
    code: 'shutting_down',
    headers: { 'retry-after': '5', connection: 'close' },
  })
}

/** Waits for at most so many milliseconds. */
async function untilFalse(isBusy: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (isBusy() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
