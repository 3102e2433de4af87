import type { Fetch } from '../platform/fetch.ts'
import type { Host } from '../platform/host.ts'
import { withoutDoubleTrace } from '../platform/own-trace.ts'
import { isWorkerd } from '../platform/runtime.ts'
import { isRun, requireNoRun } from '../settings/no-run.ts'
import { upstreamDefaults } from '../settings/per-upstream.ts'
import type { Settings } from '../settings/settings.ts'
import type { Ticker } from '../stream/ticker.ts'
import type { Engine } from './engine.ts'
import type { ManagedServers } from './managed/managed-servers.ts'
import { Pool, type PoolOptions } from './pool/pool.ts'
import type { PoolParts, PoolState } from './pool/pool-state.ts'
import { Catalog, type CatalogEntry } from './registry/catalog.ts'
import type { createDiscovery, DiscoveredServers } from './registry/discovery.ts'
import { createRouter, type Router } from './registry/router.ts'
import type { separateThinking } from './thinking.ts'
import { type Ability, ChatUpstream, type UpstreamOptions } from './upstream/chat-upstream.ts'
import type { FinishHistories } from './upstream/finish-history.ts'

/** All engines: the catalog of their models, the router from model to engine, and the pool. */
export interface Engines {
  catalog: Catalog
  router: Router
  pool: Pool
}

/** What the engines need besides the settings. */
export interface EngineSources extends Pick<Host, 'fetch' | 'isolateRequests'> {
  /** Engines within this process. They are preferred where others have the same model. */
  engines?: readonly Engine[]
  /**
   * The servers discovered so far, kept when the settings are reloaded: one that restarts meanwhile
   * is still known.
   */
  seen?: DiscoveredServers
  /** The addresses at which this server listens, where that is known: it does not look for itself. */
  own?: readonly string[]
  /** Which upstreams send finish reasons, kept when the settings are reloaded. */
  finishes?: FinishHistories
  /** The slots, the queue and the breakers, kept when the settings are reloaded. */
  pool?: PoolState
  /** Engines that come and go by themselves: browser tabs. */
  tabs?: { readonly entries: readonly CatalogEntry[] }
  /** The servers that sluice starts, kept when the settings are reloaded; only on some hosts. */
  managed?: ManagedServers
}

/** What the parts of a handler are to engines. */
export interface EngineParts {
  /** What upstreams can do beyond chats. */
  abilities?: readonly Ability[]
  /** Finds local servers, where that is wanted. */
  discover?: typeof createDiscovery | undefined
  /** Makes the engine that answers with a fixed text. */
  createStatic: (settings: Settings) => Engine
  /** Makes reasoning of what answers have between tags. */
  thinking?:
    | { separator: UpstreamOptions['thinkSeparator']; wrap: typeof separateThinking }
    | undefined
  withSystemMessages?: UpstreamOptions['withSystemMessages']
  watchLoad?: PoolOptions['watchLoad']
  /** How the pool chooses engines, where `pool` is not given. */
  poolParts: PoolParts
}

/** Creates the configured engines. `instance`: returns the id of this sluice for hop lists. */
export function createEngines(
  settings: Settings,
  host: EngineSources & EngineParts,
  ticker: Ticker,
  instance: () => string,
): Engines {
  const isolateRequests = host.isolateRequests ?? isWorkerd()
  const { managed, abilities = [] } = host
  host.poolParts.balancing.check?.(host.engines ?? [])
  if (managed === undefined) requireNoRun(settings, 'in createHandler')
  const shared = { ...sharedOptions(settings, host), isolateRequests }
  const seen = host.seen && { seen: host.seen }
  const known = settings.upstream.map(({ url }) => url)
  const labels = settings.upstream.map(({ label }) => label)
  const catalog = new Catalog({
    engines: [
      ...(host.engines ?? []).map((engine) => host.thinking?.wrap(engine, settings) ?? engine),
      ...settings.upstream.map((upstream) => {
        const options = { ...shared, ...upstream }
        return isRun(options) && managed
          ? managed.engine(options)
          : new ChatUpstream(options, abilities)
      }),
    ],
    static: host.createStatic(settings),
    discovery: settings.discover
      ? host.discover?.({
          ...shared,
          abilities,
          lenient: settings.lenient,
          known,
          own: host.own,
          labels,
          ...seen,
        })
      : undefined,
    visiting: host.tabs,
    isolateRequests,
    instance,
  })
  const router = createRouter(catalog, settings.model, settings.alias)
  const { queue, attemptTimeout, contextFallback, retry, affinityWait } = settings
  const pool = new Pool({
    router,
    ticker,
    queue,
    attemptTimeout,
    contextFallback,
    retry,
    affinityWait,
    isolateRequests,
    state: host.pool,
    watchLoad: host.watchLoad,
    ...host.poolParts,
  })
  return { catalog, router, pool }
}

/** The options for all upstreams; an upstream's own options override them. */
function sharedOptions(settings: Settings, host: EngineSources & EngineParts) {
  const send: Fetch = host.fetch ?? ((input, init) => fetch(input, withoutDoubleTrace(init)))
  const sendOnce: Fetch = (url, init) => {
    // In place: a copy of the request would join the pieces of its body.
    init.once = init.method === 'POST'
    return send(url, init)
  }
  return {
    ...upstreamDefaults(settings),
    thinkSeparator: host.thinking?.separator,
    withSystemMessages: host.withSystemMessages,
    fetch: settings.retry ? send : sendOnce,
    ...(host.finishes && { finishes: host.finishes }),
  }
}
