import type { BreakerState } from './pool/circuit-breaker.ts'
import type { Pool } from './pool/pool.ts'
import type { Catalog, CatalogEntry } from './registry/catalog.ts'

/**
 * `up`: it listed its models when it was last asked. `down`: it could not. `open`: it failed too
 * often just now and is left alone. `half-open`: the next request finds out whether it is back; where
 * it failed for one key alone, the next request of another key does.
 * `unknown`: it was not asked yet.
 */
export type EngineState = 'up' | 'down' | 'unknown' | Exclude<BreakerState, 'closed'>

export interface EngineHealth {
  engine: string
  state: EngineState
  /** Requests it works on now, and how many it may work on at once. */
  running: number
  maxConcurrency?: number
  /** @deprecated The same as `maxConcurrency`, under its former name, for one release. */
  streams?: number
}

/** `degraded`: some engines could not answer now; `unavailable`: none could. */
export interface Health {
  status: 'ok' | 'degraded' | 'unavailable'
  engines: EngineHealth[]
  /** Requests that wait for an engine. */
  waiting: number
}

/** How the engines fare, as far as is known: nobody is asked. */
export function healthOf(catalog: Catalog, pool: Pool): Health {
  const now = performance.now()
  const engines = catalog.known.map((entry) => engineHealth(entry, pool, now))
  // The fixed sentence stands in for nobody: it counts where there is nothing else.
  const serving = engines.length > 1 ? engines.slice(0, -1) : engines
  const able = serving.filter(({ state }) => state !== 'down' && state !== 'open')
  const isAll = serving.every(({ state }) => state === 'up' || state === 'unknown')
  const status = able.length === 0 ? 'unavailable' : isAll ? 'ok' : 'degraded'
  return { status, engines, waiting: pool.waiting }
}

function engineHealth(
  { engine, error, isUnknown }: CatalogEntry,
  pool: Pool,
  now: number,
): EngineHealth {
  const { breaker, running } = pool.member(engine)
  const { maxConcurrency } = engine
  const passage = breaker.state(now)
  const listed = isUnknown ? 'unknown' : error === undefined ? 'up' : 'down'
  return {
    engine: engine.label,
    state: passage === 'closed' ? listed : passage,
    running,
    ...(maxConcurrency !== undefined && { maxConcurrency, streams: maxConcurrency }),
  }
}
