import type { Fetch } from '../platform/fetch.ts'
import type { Host } from '../platform/host.ts'
import { isWorkerd } from '../platform/runtime.ts'
import { upstreamDefaults } from '../settings/per-upstream.ts'
import type { Settings } from '../settings/settings.ts'
import type { Ticker } from '../stream/ticker.ts'
import type { Engine } from './engine.ts'
import { Pool } from './pool/pool.ts'
import { Catalog } from './registry/catalog.ts'
import { createDiscovery, type DiscoveredServers } from './registry/discovery.ts'
import { createRouter, type Router } from './registry/router.ts'
import { createStatic } from './static/static.ts'
import { separateThinking } from './thinking.ts'
import type { FinishHistories } from './upstream/finish-history.ts'
import { Upstream } from './upstream/upstream.ts'

/** All engines: what each serves, which serves a model, and who asks them. */
export interface Engines {
  catalog: Catalog
  router: Router
  pool: Pool
}

/** What the engines are made of, beside the settings. */
export interface EngineSources extends Pick<Host, 'fetch' | 'isolateRequests'> {
  /** Engines that run beside the handler; models that others have as well are asked of these. */
  engines?: readonly Engine[]
  /**
   * The servers that were found on this machine, where a handler follows another with other settings:
   * one that restarts meanwhile is still known.
   */
  seen?: DiscoveredServers
  /** Which upstreams were seen to send finish reasons, where a handler follows another. */
  finishes?: FinishHistories
}

/** The engines that the settings ask for. `instance`: the id of this sluice in hop lists. */
export function createEngines(
  settings: Settings,
  host: EngineSources,
  ticker: Ticker,
  instance: () => string,
): Engines {
  const isolateRequests = host.isolateRequests ?? isWorkerd()
  const shared = sharedOptions(settings, host)
  const seen = host.seen && { seen: host.seen }
  const known = settings.upstream.map(({ url }) => url)
  const labels = settings.upstream.map(({ label }) => label)
  const catalog = new Catalog({
    engines: [
      ...(host.engines ?? []).map((engine) => separateThinking(engine, settings)),
      ...settings.upstream.map((upstream) => new Upstream({ ...shared, ...upstream })),
    ],
    static: createStatic(settings),
    discovery: settings.discover
      ? createDiscovery({
          ...shared,
          lenient: settings.lenient,
          known,
          labels,
          ...seen,
        })
      : undefined,
    isolateRequests,
    instance,
  })
  const router = createRouter(catalog, settings.model, settings.alias)
  const { queue, attemptTimeout, contextFallback, retry } = settings
  const pool = new Pool({
    router,
    ticker,
    queue,
    attemptTimeout,
    contextFallback,
    retry,
    isolateRequests,
  })
  return { catalog, router, pool }
}

/** What all upstreams have in common; each may say some of it otherwise. */
function sharedOptions(settings: Settings, host: EngineSources) {
  const send: Fetch = host.fetch ?? ((input, init) => fetch(input, init))
  const sendOnce: Fetch = (url, init) => send(url, { ...init, once: init.method === 'POST' })
  return {
    ...upstreamDefaults(settings),
    fetch: settings.retry ? send : sendOnce,
    ...(host.finishes && { finishes: host.finishes }),
  }
}
