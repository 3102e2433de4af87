/** The handler: what all requests share. Which routes there are is in routes/table.ts. */
import { createEngines, type EngineSources } from './engines/engines.ts'
import type { EngineStatus } from './engines/registry/catalog.ts'
import { createGuard } from './guard/guard.ts'
import type { Host } from './platform/host.ts'
import { isWorkerd } from './platform/runtime.ts'
import { errorResponse, speaksAnthropic } from './routes/api.ts'
import { unexpected } from './routes/last-resort.ts'
import { memoryResponses, type StoredResponses } from './routes/responses/background.ts'
import type { RouteContext } from './routes/route.ts'
import { createRoutes } from './routes/router.ts'
import { Trace } from './routes/trace.ts'
import { parseSettings, type Settings, type SettingsInput } from './settings/settings.ts'
import type { LimitStore } from './state/limit-store.ts'
import type { Exchange } from './stream/exchange.ts'
import { separateTickers, sharedTicker } from './stream/ticker.ts'
import { transformWriter } from './stream/transform-writer.ts'
import { parseUrl } from './util/parse-url.ts'
import { ApiError, badRequest, toApiError } from './wire/errors/api-error.ts'
import { Cancelled } from './wire/errors/cancelled.ts'

/** What a host lends the handler, and what it shares with the handlers that follow this one. */
export interface HandlerHost extends Host, EngineSources {
  /** Where the state of the keys' limits is; in memory by default. */
  limits?: LimitStore
  /** Where responses are stored that a later request may name; in memory by default. */
  responses?: StoredResponses
}

/** The whole product. */
export interface Handler {
  fetch(request: Request): Promise<Response>
  /** Asks every engine for its models now, and looks for local servers again. */
  refresh(): Promise<EngineStatus[]>
  /** Refuses new requests, lets running ones finish for `graceMs`, then ends the rest with an error. */
  drain(graceMs: number): Promise<void>
}

/** Builds the handler. Throws a `SettingsError`. Nothing runs until the first request. */
export function createHandler(input: SettingsInput = {}, host: HandlerHost = {}): Handler {
  const settings = parseSettings(input)
  const running = new Set<Exchange>()
  /** Requests that have no response yet. */
  let pending = 0
  let isDraining = false
  const context = createContext(settings, host, running, () => isDraining)
  const { catalog, guard } = context
  const route = createRoutes(context)

  async function answer(request: Request, path: string | undefined, trace: Trace) {
    // It still serves, whatever it refuses.
    if (isDraining && path !== '/health') throw shuttingDown()
    if (path === undefined) throw badRequest('The request names no URL that can be read.')
    trace.headers = guard.admit(request)
    return route(request, trace)
  }

  return {
    refresh: () => catalog.look(),
    async fetch(request) {
      const path = parseUrl(request.url)?.pathname
      const trace = new Trace(request.method, path ?? request.url, host.log)
      const isAnthropic = speaksAnthropic(path, request.headers)
      let failure: unknown
      pending++
      try {
        const response = await answer(request, path, trace).catch((error: unknown) => {
          // Some hosts abort the signal where a body was left unread: a refusal is no hang-up.
          const isRefused = error instanceof ApiError || !request.signal.aborted
          failure = isRefused ? error : new Cancelled('the client left', { cause: error })
          return refusal(failure, isAnthropic, trace.id)
        })
        for (const [name, value] of trace.responseHeaders()) response.headers.set(name, value)
        if (isAnthropic) response.headers.set('request-id', trace.id)
        trace.respond(response.status, failure)
        return response
      } catch (error) {
        return withoutAnswer(error, trace, isAnthropic, running)
      } finally {
        pending--
        // An exchange releases it when it ends.
        if (trace.exchange === undefined) trace.caller?.leave()
      }
    },
    async drain(graceMs) {
      isDraining = true
      const deadline = performance.now() + graceMs
      const isBusy = () => running.size > 0 || pending > 0
      while (isBusy() && performance.now() < deadline) await sleep(20)
      for (const exchange of running) exchange.fail(shuttingDown())
    },
  }
}

/** What all routes work with. */
function createContext(
  settings: Settings,
  host: HandlerHost,
  running: Set<Exchange>,
  isDraining: () => boolean,
): RouteContext {
  const { frameWriter = transformWriter, responses = memoryResponses() } = host
  const isolates = host.isolateRequests ?? isWorkerd()
  let id: string | undefined
  // Made when it is first needed: workerd has no random numbers before a request.
  const instance = () => {
    id ??= crypto.randomUUID()
    return id
  }
  const first = firstLimit(settings)
  const ticker = isolates ? separateTickers(first) : sharedTicker(quarterOf(first))
  return {
    settings,
    ticker,
    running,
    isDraining,
    instance,
    ...createEngines(settings, host, ticker, instance),
    guard: createGuard(settings, host),
    streaming: { ...settings, frameWriter },
    // Where requests are isolated, none may be woken by what another one asked for.
    responses: isolates ? { ...responses, runs: undefined } : responses,
    files: host.files,
    hostName: host.name,
  }
}

/** Milliseconds after which something may first have to be noticed. */
function firstLimit(settings: Settings): number {
  const { heartbeat, answerTimeout, firstTokenTimeout, tokenTimeout, clientTimeout } = settings
  const limits = [answerTimeout, firstTokenTimeout, tokenTimeout, clientTimeout]
  return Math.min(heartbeat, settings.attemptTimeout, ...limits)
}

/** Milliseconds between two looks at all clocks. */
function quarterOf(limit: number): number {
  return Math.min(1000, Math.max(5, limit / 4))
}

/** The error as a response; a client that left gets one too, though nobody reads it. */
function refusal(failure: unknown, isAnthropic: boolean, requestId: string): Response {
  if (failure instanceof Cancelled) return new Response(null, { status: 499 })
  return errorResponse(toApiError(failure), isAnthropic, requestId)
}

/** The last resort: the response itself could not be made. Nobody will read what an engine sends. */
function withoutAnswer(
  error: unknown,
  trace: Trace,
  isAnthropic: boolean,
  running: Set<Exchange>,
): Response {
  const { exchange } = trace
  exchange?.fail(toApiError(error))
  if (exchange) running.delete(exchange)
  trace.respond(500, error)
  return unexpected(isAnthropic, trace.id)
}

function shuttingDown(): ApiError {
  return new ApiError(503, 'sluice is shutting down; ask again when it is back.', {
    code: 'shutting_down',
    headers: { 'retry-after': '5', connection: 'close' },
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
