import { healthOf } from '../engines/health.ts'
import { VERSION } from '../version.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { jsonResponse } from './json.ts'
import type { RouteContext, RouteRequest } from './route.ts'
import type { Trace } from './trace.ts'

/** What these routes need of the context. */
export type HealthContext = Pick<RouteContext, 'catalog' | 'pool' | 'hostName' | 'isDraining'> & {
  guard: Pick<RouteContext['guard'], 'isAuthorized'>
}

type HealthRequest = Request | RouteRequest

/** Milliseconds for which what the engines said of themselves counts as current. */
const CURRENT = 5_000

/** Seconds after which whoever asked whether sluice is ready may ask again. */
const AGAIN = 5

/** `GET /health`: that the process serves, whatever its engines do. Never waits for an engine. */
export async function health(request: HealthRequest, _trace: Trace, context: HealthContext) {
  context.catalog.refresh(CURRENT)
  return report(request, context)
}

/** `GET /health/ready`: whether an engine could answer. Rejects with an `ApiError` (503). */
export async function ready(request: HealthRequest, _trace: Trace, context: HealthContext) {
  const { catalog, pool, guard } = context
  await catalog.entries(CURRENT)
  const { status, engines } = healthOf(catalog, pool)
  if (status !== 'unavailable') return report(request, context)
  const states = engines.slice(0, -1).map(({ engine, state }) => `${engine} is ${state}`)
  const reason = (await guard.isAuthorized(request)) ? ` (${states.join(', ')})` : ''
  throw new ApiError(
    503,
    `engines: expected one that can answer now, got none${reason}; check the model servers, or retry in ${AGAIN} seconds.`,
    {
      code: 'not_ready',
      headers: { 'retry-after': String(AGAIN) },
    },
  )
}

/** Which engines there are, and how each one fares, is only for callers who may use them. */
async function report(request: HealthRequest, context: HealthContext): Promise<Response> {
  const { catalog, pool, guard, hostName, isDraining } = context
  const { status, ...details } = healthOf(catalog, pool)
  return jsonResponse({
    status,
    version: VERSION,
    ...(isDraining() && { draining: true }),
    ...((await guard.isAuthorized(request)) && { host: hostName, ...details }),
  })
}
