import type { ProcessStatus } from '../engines/engine.ts'
import type { Engines } from '../engines/engines.ts'
import { healthOf } from '../engines/health.ts'
import type { CatalogEntry } from '../engines/registry/catalog.ts'
import { modelWithId } from '../engines/registry/model-index.ts'
import type { StateStatus } from '../state/state-status.ts'
import type { Exchange } from '../stream/exchange.ts'
import type { TabHub } from '../tabs/hub.ts'
import { countTabs } from '../tabs/tab-counts.ts'
import type { TabObserver } from '../tabs/tab-observer.ts'
import type { RequestTelemetry } from '../telemetry/request-telemetry.ts'
import type { EngineView, Sources } from '../telemetry/sources.ts'
import type { RouteContext } from './route.ts'
import type { StoredResponses } from './runs/runs.ts'

/** The same, for the routes of parts that have it. */
export function sourcesOf({ sources }: Pick<RouteContext, 'sources'>): Sources {
  if (sources === undefined) throw new TypeError('a part that reads telemetry provides its sources')
  return sources
}

/** Milliseconds for which a listing of models is new enough for whoever watches the engines. */
const WATCHED_MAX_AGE = 10_000

/** What telemetry reads of the engines, by the settings in force. */
export function telemetrySources(
  { catalog, pool }: Engines,
  running: ReadonlySet<Exchange>,
  {
    queue,
    responses: { store, runs },
    stateStatus,
    tabs,
    ...host
  }: Pick<Sources, 'isolates' | 'tracer'> & {
    queue: number
    tabs: TabHub | undefined
    responses: StoredResponses
    stateStatus: () => StateStatus
  },
): Sources {
  return {
    ...host,
    engines() {
      const { engines } = healthOf(catalog, pool)
      const now = performance.now()
      return catalog.shown.map((entry, index) => {
        const { breaker, running } = pool.member(entry.engine)
        const state = engines[index]?.state ?? 'unknown'
        return { ...viewOf(entry), state, breaker: breaker.state(now), running }
      })
    },
    refresh() {
      const listing = catalog.cachedEntries(WATCHED_MAX_AGE)
      if (listing instanceof Promise) listing.catch(() => {})
    },
    queue: () => ({ waiting: pool.waiting, limit: queue }),
    places: () => pool.places(),
    running: () => running.size,
    stored: () => store.size,
    state() {
      const status = stateStatus()
      return status.kind === 'memory' ? undefined : status
    },
    streams: () => runs?.size ?? 0,
    tabs: () => countTabs(tabs?.tabs ?? []),
    isServed: (model) =>
      catalog.known.some(({ models }) => modelWithId(models, model) !== undefined),
  }
}

/** Counts the browser tabs that come and go. */
export function tabCounter({ metrics }: RequestTelemetry): TabObserver {
  const registry = metrics?.registry
  return {
    onJoined: () => registry?.count('sluice_tabs_joined_total', []),
    onResumed: () => registry?.count('sluice_tabs_resumed_total', []),
    onLeft: (why) => registry?.count('sluice_tabs_left_total', [why]),
  }
}

function viewOf({
  engine,
  models,
  error,
}: CatalogEntry): Omit<EngineView, 'state' | 'breaker' | 'running'> {
  const { label, kind, maxConcurrency, process } = engine
  return {
    label,
    ...(kind !== undefined && { kind }),
    ...(maxConcurrency !== undefined && { maxConcurrency }),
    models: models.map(({ id }) => id),
    loaded: models.filter(({ loaded }) => loaded === true).map(({ id }) => id),
    ...(error && { error: error.message }),
    ...(process && { process: processOf(process) }),
  }
}

/** Without its output, and without what changes all the time. */
function processOf({ state, failures, lastExit, waiting }: ProcessStatus) {
  return {
    state,
    ...(failures !== undefined && { failures }),
    ...(lastExit !== undefined && { lastExit }),
    waiting,
  }
}
