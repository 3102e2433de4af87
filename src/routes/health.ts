import { healthOf } from '../engines/health.ts'
import type { Pool } from '../engines/pool/pool.ts'
import type { Catalog } from '../engines/registry/catalog.ts'
import { VERSION } from '../version.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { jsonResponse } from './json.ts'

/** Milliseconds for which what the engines said of themselves is news. */
const NEWS = 5_000

/** Seconds after which whoever asked whether sluice is ready may ask again. */
const AGAIN = 5

export interface HealthOptions {
  /** The runtime's name and version. */
  host: string | undefined
  isDraining: () => boolean
  /** Whether this caller may learn which engines there are, and how each one fares; all by default. */
  isTrusted?: (request: Request) => Promise<boolean>
}

export interface HealthRoutes {
  /** `GET /health`: that the process serves, whatever its engines do. Never waits for one. */
  alive(request: Request): Promise<Response>
  /** `GET /health/ready`: whether an engine could answer. Rejects with an `ApiError` (503). */
  ready(request: Request): Promise<Response>
}

export function healthRoutes(
  catalog: Catalog,
  engines: Pool,
  { host, isDraining, isTrusted = async () => true }: HealthOptions,
): HealthRoutes {
  async function report(request: Request): Promise<Response> {
    const { status, ...details } = healthOf(catalog, engines)
    return jsonResponse({
      status,
      version: VERSION,
      ...(isDraining() && { draining: true }),
      ...((await isTrusted(request)) && { host, ...details }),
    })
  }

  return {
    alive(request) {
      catalog.refresh(NEWS)
      return report(request)
    },
    async ready(request) {
      await catalog.entries(NEWS)
      const health = healthOf(catalog, engines)
      if (health.status !== 'unavailable') return report(request)
      const told = health.engines.slice(0, -1).map(({ engine, state }) => `${engine} is ${state}`)
      const reason = (await isTrusted(request)) ? `: ${told.join(', ')}` : ''
      throw new ApiError(503, `No engine can answer now${reason}.`, {
        code: 'not_ready',
        headers: { 'retry-after': String(AGAIN) },
      })
    },
  }
}
