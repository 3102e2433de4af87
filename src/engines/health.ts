import type { EngineCaller, ProcessStatus } from './engine.ts'
import type { BreakerState } from './pool/circuit.ts'
import type { Pool } from './pool/pool.ts'
import type { Catalog, CatalogEntry } from './registry/catalog.ts'
import type { ModelAccess } from './registry/model-access.ts'
import type { Router } from './registry/router.ts'

/**
 * - `up`: its last model listing succeeded.
 * - `down`: its last model listing failed.
 * - `open`: its circuit breaker is open after repeated failures.
 * - `half-open`: the next request is a probe; if only one key's requests failed, the next one of
 *   another key.
 * - `unknown`: its models have not been listed yet.
 */
export type EngineState = 'up' | 'down' | 'unknown' | Exclude<BreakerState, 'closed'>

export interface EngineHealth {
  engine: string
  state: EngineState
  /** Requests in progress. */
  running: number
  maxConcurrency?: number
  /** @deprecated The same as `maxConcurrency`, under its former name, for one release. */
  streams?: number
  /** Of a server that sluice starts itself. */
  process?: ProcessStatus
}

/** A model that a caller may use, whether an engine could answer for it now, and whether one has it loaded. */
export interface ModelHealth {
  id: string
  ready: boolean
  /** Whether an engine has it loaded; left out where none says. */
  loaded?: boolean
}

/** `degraded`: some engines can't answer now; `unavailable`: none can. */
export interface Health {
  status: 'ok' | 'degraded' | 'unavailable'
  engines: EngineHealth[]
  /** The length of the queue. */
  waiting: number
}

/** The last known state of every engine; sends no request. */
export function healthOf(catalog: Catalog, pool: Pool): Health {
  const now = performance.now()
  const engines = catalog.shown.map((entry) => engineHealth(entry, pool, now))
  // The static engine, which is the last that is known, replaces no other: it counts only where it is alone.
  const others = catalog.known.length - 1
  const serving = others > 0 ? engines.slice(0, others) : engines
  const able = serving.filter(isAble)
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
  const { maxConcurrency, process } = engine
  const breakerState = breaker.state(now)
  const listing = isUnknown ? 'unknown' : error === undefined ? 'up' : 'down'
  return {
    engine: engine.label,
    state: breakerState === 'closed' ? listing : breakerState,
    running,
    ...(maxConcurrency !== undefined && { maxConcurrency, streams: maxConcurrency }),
    ...(process !== undefined && { process }),
  }
}

function isAble({ state }: EngineHealth): boolean {
  return state !== 'down' && state !== 'open'
}

/** The models that a caller may use, without the engines that serve them; sends no request. */
export function modelHealthOf(
  catalog: Catalog,
  pool: Pool,
  router: Router,
  access: ModelAccess,
  caller: EngineCaller,
): ModelHealth[] {
  const now = performance.now()
  const able = new Set(
    catalog.known
      .filter((entry) => isAble(engineHealth(entry, pool, now)))
      .map(({ engine }) => engine),
  )
  return router.known(access, caller).map(({ id, engines, loaded }) => ({
    id,
    ready: engines.some((engine) => able.has(engine)),
    ...(loaded !== undefined && { loaded }),
  }))
}
