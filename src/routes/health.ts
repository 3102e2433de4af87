import { healthOf, modelHealthOf } from '../engines/health.ts'
import { VERSION } from '../version.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { jsonResponse } from './json.ts'
import type { RouteContext, RouteRequest } from './route.ts'
import type { Trace } from './trace.ts'

/** What these routes need of the context. */
export type HealthContext = Pick<
  RouteContext,
  'catalog' | 'pool' | 'router' | 'hostName' | 'isLeaving' | 'instance' | 'stateStatus'
> & {
  guard: Pick<RouteContext['guard'], 'findCaller'>
}

type HealthRequest = Request | RouteRequest

/** Milliseconds for which what the engines said of themselves counts as current. */
export const CURRENT = 5_000

/** Seconds after which whoever asked whether sluice is ready may ask again. */
const AGAIN = 5

/** `GET /health`: that the process serves, whatever its engines do. Never waits for an engine. */
export async function health(request: HealthRequest, _trace: Trace, context: HealthContext) {
  context.catalog.refresh(CURRENT)
  return report(request, context)
}

/**
 * `GET /health/ready`: whether an engine could answer, and requests may still be sent here. Rejects with an
 * `ApiError` (503).
 */
export async function ready(request: HealthRequest, _trace: Trace, context: HealthContext) {
  const { catalog, pool, guard } = context
  if (context.isLeaving()) throw leaving()
  await catalog.entries(CURRENT)
  const { status, engines } = healthOf(catalog, pool)
  if (status !== 'unavailable') return report(request, context)
  const caller = await guard.findCaller(request)
  const states = engines.slice(0, -1).map(({ engine, state }) => `${engine} is ${state}`)
  const reason = caller?.isAdmin ? ` (${states.join(', ')})` : ''
  throw new ApiError(
    503,
    `engines: expected one that can answer now, got none${reason}; check the model servers, or retry in ${AGAIN} seconds.`,
    {
      code: 'not_ready',
      headers: { 'retry-after': String(AGAIN) },
    },
  )
}

/** Strangers learn that sluice runs, known callers which models answer, admins how each engine fares. */
async function report(request: HealthRequest, context: HealthContext): Promise<Response> {
  const { catalog, pool, router, guard, hostName } = context
  const { status, ...details } = healthOf(catalog, pool)
  const caller = await guard.findCaller(request)
  return jsonResponse({
    status,
    version: VERSION,
    ...(context.isLeaving() && { draining: true }),
    ...(caller && { models: modelHealthOf(catalog, pool, router, caller.mayUseModel, caller) }),
    ...(caller?.isAdmin && {
      ...{ host: hostName, instance: context.instance(), state: context.stateStatus() },
      ...details,
    }),
  })
}

function leaving(): ApiError {
  return new ApiError(
    503,
    'sluice is about to shut down: expected no more requests; send them to another instance.',
    { code: 'shutting_down', headers: { 'retry-after': String(AGAIN) } },
  )
}
