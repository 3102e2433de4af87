/** The core of every handler: what all requests share, whatever parts answer them. */
import { requireOwnLabels } from './engines/custom/own-labels.ts'
import { createEngines } from './engines/engines.ts'
import type { EngineStatus } from './engines/registry/catalog.ts'
import { createGuard } from './guard/guard.ts'
import { requireKnownCallers } from './guard/origin.ts'
import type { HandlerHost } from './options.ts'
import { isWorkerd } from './platform/runtime.ts'
import { type AnsweredRequests, answerRequests, shuttingDown } from './routes/answer-requests.ts'
import { endFollowing } from './routes/end-following.ts'
import { type Composition, poolOf } from './routes/parts/compose.ts'
import type { RouteContext } from './routes/route.ts'
import { createRoutes } from './routes/router.ts'
import type { StoredResponses } from './routes/runs/runs.ts'
import type { Key } from './settings/keys.ts'
import type { Settings } from './settings/settings.ts'
import { memoryStatus } from './state/state-status.ts'
import type { Exchange } from './stream/exchange.ts'
import { separateTickers, sharedTicker } from './stream/ticker.ts'
import { transformWriter } from './stream/transform-writer.ts'
import type { TabHub } from './tabs/hub.ts'
import { RequestTelemetry } from './telemetry/request-telemetry.ts'

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

/** A handler for a host that serves in several places. */
export interface PlacedHandler extends Handler {
  /**
   * The same handler for a place with runs of its own, whose requests may wake each other: a Durable Object.
   * It has the engines, limits and counts of this one.
   */
  within(place: { responses: StoredResponses; isolates: boolean }): Pick<Handler, 'fetch'>
  /** Whether a request is one of a known caller, to an address that is served. It is not counted. */
  isKnown(request: Request): Promise<boolean>
}

/** Makes a handler of some parts. `settings` are checked. Throws a `SettingsError`. */
export function createComposedHandler(
  composition: Composition,
  settings: Settings,
  host: HandlerHost,
): PlacedHandler {
  requireKnownCallers(settings, host)
  requireOwnLabels(settings, host.engines)
  composition.check(settings, host.callers !== undefined)
  const running = new Set<Exchange>()
  const answered: AnsweredRequests = { pending: 0, log: host.log }
  let isDraining = false
  const context = createContext(composition, settings, host, running, () => isDraining)
  const { catalog, guard, pool, tabs, telemetry } = context
  const { routes } = composition
  const route = createRoutes(context, routes)
  // Last, as nothing may change for running requests where something of the new settings is wrong.
  pool.takeOver(catalog.known.map(({ engine }) => engine))
  host.managed?.takeOver(settings)
  if (context.sources) telemetry.configure(settings, context.sources)
  if (composition.tabs) tabs?.observe(composition.tabs.counter(telemetry))

  return {
    refresh: () => catalog.status(),
    fetch: answerRequests(route, context, answered),
    within: (place) => ({
      fetch: answerRequests(
        createRoutes({ ...context, ...place, elsewhere: undefined }, routes),
        context,
        answered,
      ),
    }),
    async isKnown(request) {
      try {
        guard.admit(request)
        return (await guard.findCaller(request)) !== undefined
      } catch {
        return false
      }
    },
    async drain(graceMs) {
      isDraining = true
      endFollowing(context, host.isLeaving)
      await untilFalse(() => running.size > 0 || answered.pending > 0, graceMs)
      for (const exchange of running) exchange.fail(shuttingDown())
      await context.responses.runs?.flush(FLUSH_TIMEOUT)
      // Where a reload shares it with another handler, whoever shares it does.
      if (host.telemetry === undefined) await telemetry.flush()
    },
  }
}

/** Milliseconds for which a handler that stops waits until the ends of its streams are stored. */
const FLUSH_TIMEOUT = 2_000

/** What all routes work with. */
function createContext(
  composition: Composition,
  settings: Settings,
  host: HandlerHost,
  running: Set<Exchange>,
  isDraining: () => boolean,
): RouteContext {
  const { frameWriter = transformWriter, responses = composition.responses() } = host
  const { stateStatus = () => memoryStatus, isLeaving = isDraining } = host
  const { page, greeting, leftOut, readJson, families, anthropicModels } = composition
  const isolates = host.isolateRequests ?? isWorkerd()
  let id = host.instance
  // Made when it is first needed: workerd has no random numbers before a request.
  const instance = () => {
    id ??= crypto.randomUUID()
    return id
  }
  const first = firstLimit(settings)
  const ticker = isolates ? separateTickers(isolatedTick(settings)) : sharedTicker(quarterOf(first))
  const { pairings = composition.tabs?.pairings(), paired = new Map<string, Key>() } = host
  const tabs = host.tabs ?? ownTabs(composition, settings, host, paired)
  const engines = createEngines(
    settings,
    { ...host, ...enginesOf(composition), tabs },
    ticker,
    instance,
  )
  return {
    settings,
    ticker,
    running,
    feeds: new Set(),
    ...{ isDraining, isLeaving, instance, stateStatus },
    ...engines,
    ...{ tabs, pairings, paired, saveKey: host.saveKey, dropKey: host.dropKey },
    sources: composition.sources?.(engines, running, {
      queue: settings.queue,
      responses,
      ...{ isolates, tracer: host.tracer, stateStatus, tabs },
    }),
    guard: createGuard(settings, { ...host, isolates, paired }),
    telemetry: host.telemetry ?? new RequestTelemetry(composition.telemetry),
    streaming: { ...settings, frameWriter },
    responses,
    resuming: composition.resuming,
    hasSeveralCallers: host.callers !== undefined || settings.keys.length > 1,
    isolates,
    ...{ page, greeting, leftOut, readJson, families, anthropicModels },
    conversationOf: composition.affinity?.conversationOf,
    noOllamaRoute: composition.noOllamaRoute,
    docLink: composition.docLinks?.({
      docsUrl: settings.docsUrl,
      explainsErrors: composition.routes.explainError !== undefined,
      basePath: host.basePath ?? '',
    }),
    files: settings.page ? host.files : page?.withoutPage(host.files),
    hostName: host.name,
    basePath: host.basePath ?? '',
    elsewhere: host.elsewhere,
  }
}

/** What the parts are to engines. */
function enginesOf(composition: Composition) {
  const { discover, abilities, createStatic, watchLoad, thinking, withSystemMessages } = composition
  return {
    ...{ discover, abilities, createStatic, watchLoad, thinking, withSystemMessages },
    poolParts: poolOf(composition),
  }
}

function ownTabs(
  composition: Composition,
  { tabGather, keys }: Settings,
  { onTabEvent }: HandlerHost,
  paired: ReadonlyMap<string, Key>,
): TabHub | undefined {
  const tabs = composition.tabs?.hub({ gather: tabGather, tell: onTabEvent })
  tabs?.follow(() => [...keys, ...paired.values()])
  return tabs
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

/** Waits for at most so many milliseconds. */
async function untilFalse(isBusy: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (isBusy() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
