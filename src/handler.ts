/** Every route, and what all requests share. */
import { type IRequest, type RequestHandler, Router, type RouterType } from 'itty-router'
import { createEngines, type EngineSources, type Engines } from './engines/engines.ts'
import type { EngineStatus } from './engines/registry/catalog.ts'
import { createGuard, type Guard } from './guard/guard.ts'
import { extendHops } from './guard/loop.ts'
import type { Host } from './platform/host.ts'
import { isWorkerd } from './platform/runtime.ts'
import { errorResponse, speaksAnthropic } from './routes/api.ts'
import { type ChatRouteOptions, chatRoute } from './routes/chat.ts'
import type { ExchangeContext } from './routes/exchange.ts'
import { noRoute, preflight, refuseUpgrade } from './routes/fallback.ts'
import { healthRoutes } from './routes/health.ts'
import { homePage } from './routes/home.ts'
import { unexpected } from './routes/last-resort.ts'
import { lazily, type Route } from './routes/lazily.ts'
import { modelRoute, modelsRoute } from './routes/models.ts'
import { fileResponse, noFiles } from './routes/page.ts'
import { memoryResponses, type StoredResponses } from './routes/responses/background.ts'
import { keptResponsesRoutes } from './routes/responses/stored.ts'
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
  const guard = createGuard(settings, host)
  const isolates = host.isolateRequests ?? isWorkerd()
  let id: string | undefined
  // Made when it is first needed: workerd has no random numbers before a request.
  const instance = () => {
    id ??= crypto.randomUUID()
    return id
  }
  const first = firstLimit(settings)
  const ticker = isolates ? separateTickers(first) : sharedTicker(quarterOf(first))
  const engines = createEngines(settings, host, ticker, instance)
  const running = new Set<Exchange>()
  /** Requests that have no response yet. */
  let pending = 0
  let isDraining = false
  const context = { settings, ticker, running, isDraining: () => isDraining }
  const routes = createRoutes(context, engines, guard, host, isolates, instance)

  async function answer(request: Request, path: string | undefined, trace: Trace) {
    // It still serves, whatever it refuses.
    if (isDraining && path !== '/health') throw shuttingDown()
    if (path === undefined) throw badRequest('The request names no URL that can be read.')
    trace.headers = guard.admit(request)
    return (await routes.fetch(request, trace)) as Response
  }

  return {
    refresh: () => engines.catalog.look(),
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
        if (trace.exchange === undefined) trace.caller?.releaseSlot()
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

/** Every route, in the order in which they are tried. */
function createRoutes(
  context: ExchangeContext & { isDraining: () => boolean },
  { catalog, router, pool: engines }: Engines,
  guard: Guard,
  { name, files, frameWriter = transformWriter, responses = memoryResponses() }: HandlerHost,
  isolates: boolean,
  instance: () => string,
) {
  const { isDraining } = context
  const isTrusted = guard.isAuthorized
  const health = healthRoutes(catalog, engines, { host: name, isDraining, isTrusted })
  const routes = Router<IRequest, [Trace]>({ before: [refuseLoop] })
  // HEAD is GET, whose body the host leaves out.
  const get = (path: string, handle: RequestHandler<IRequest, [Trace]>) =>
    routes.get(path, handle).head(path, handle)

  // A preflight carries no key.
  routes.options('*', (request) => preflight(routes.routes, request))
  routes.get('*', refuseUpgrade)
  get('/', async (request) => (await fileResponse(files, '/')) ?? status(request))
  get('/status', status)
  get('/health', health.alive)
  get('/health/ready', health.ready)
  routes.all('/v1/*', identify)
  get('/v1/models', modelsRoute(router))
  get('/v1/models/:id+', modelRoute(router))
  const { store } = responses
  // There no request may be woken by what another one asked for.
  const runs = isolates ? undefined : responses.runs
  addGeneration(routes, { ...context, engines, frameWriter }, { store, runs })
  const kept = keptResponsesRoutes(store, runs, context.settings)
  get('/v1/responses/:id', kept.retrieve)
  routes.delete('/v1/responses/:id', kept.remove)
  routes.post('/v1/responses/:id/cancel', kept.cancel)
  get('/v1/responses/:id/input_items', kept.inputItems)
  get('/openapi.json', description)
  get('/openapi.html', description)
  get('*', ({ url }) => fileResponse(files, new URL(url).pathname))
  routes.all('*', (request) => noRoute(routes.routes, request))
  return routes

  function refuseLoop({ headers }: Request, trace: Trace): void {
    trace.hops = extendHops(headers, instance())
  }

  async function description({ url }: IRequest): Promise<Response> {
    const { pathname } = new URL(url)
    return (await fileResponse(files, pathname)) ?? noFiles(pathname)
  }

  async function identify(request: Request, trace: Trace): Promise<void> {
    trace.caller = await guard.identify(request)
  }

  async function status(request: IRequest): Promise<Response> {
    const viewer = await guard.findCaller(request)
    const all = viewer && (await catalog.look())
    const found = all?.map(({ models, ...engine }) => {
      return { ...engine, models: models.filter((id) => viewer?.mayUseModel?.(id) ?? true) }
    })
    return homePage(found, new URL(request.url).origin, name)
  }
}

/** The routes that ask a model: all but the chat's are read when they are first asked for. */
function addGeneration(
  routes: RouterType<IRequest, [Trace]>,
  asking: ChatRouteOptions,
  { store, runs }: StoredResponses,
): void {
  const { engines } = asking
  const post = (path: string, load: () => Promise<Route>) => routes.post(path, lazily(load))
  routes.post('/v1/chat/completions', chatRoute(asking))
  post('/v1/completions', async () => {
    return (await import('./routes/completions.ts')).completionsRoute(asking)
  })
  post('/v1/messages', async () => {
    return (await import('./routes/messages.ts')).messagesRoute(asking)
  })
  post('/v1/messages/count_tokens', async () => {
    return (await import('./routes/count-tokens.ts')).countTokensRoute(engines, asking)
  })
  post('/v1/embeddings', async () => {
    return (await import('./routes/embeddings.ts')).embeddingsRoute(engines, asking)
  })
  post('/v1/responses', async () => {
    return (await import('./routes/responses/create.ts')).responsesRoute({ ...asking, store, runs })
  })
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
