/** The router that the table of routes drives. */
import { Router } from 'itty-router'
import {
  refuseOffering,
  refuseScraper,
  requireAdmin,
  requireMetricsAccess,
  requireOffering,
} from '../guard/admin.ts'
import { extendHops } from '../guard/loop.ts'
import { belowBase } from '../util/base-path.ts'
import { badRequest } from '../wire/errors/api-error.ts'
import { noRoute, preflight, refuseUpgrade } from './fallback.ts'
import { handlerOf, type RouteContext, type RouteRequest } from './route.ts'
import type { Access, Routes, TableEntry } from './table-entry.ts'
import type { Trace } from './trace.ts'

/** Answers a request by its route. Rejects with an `ApiError`, or with why the exchange ended. */
export function createRoutes(context: RouteContext, routes: Routes) {
  const { guard, files, basePath, page, greeting, leftOut, noOllamaRoute } = context
  // A router in front of this one may have taken the prefix away.
  const base = basePath && `(${basePath})?`
  const router = Router<RouteRequest, [Trace]>({ base, before: [refuseLoop] })
  const checks: Record<Access, Check[]> = {
    open: [],
    key: [identify],
    admin: [identify, (_, { caller }) => requireAdmin(caller)],
    metrics: [identifyScraper],
    offer: [identifyOffering],
  }
  // A preflight carries no key.
  const place = { basePath, leftOut, noOllamaRoute }
  router.options('*', (request) => preflight(router.routes, request, place))
  router.get('*', refuseUpgrade)
  for (const [id, entry] of Object.entries(routes)) {
    const { method, path, access, module } = entry
    const answer = handlerOf<string>(id, module)
    const handle = (request: RouteRequest, trace: Trace) => answer(request, trace, context)
    const found = (_: Request, trace: Trace) => {
      trace.route = path
    }
    const handlers = [found, ...checks[access], countOf(entry), handle]
    router[method](path, ...handlers)
    // The host leaves out the body of what answers HEAD.
    if (method === 'get') router.head(path, ...handlers)
  }
  // Without a key it is not told which routes there are.
  router.all('/v1/*', identify).all('/api/*', identify)
  if (leftOut) {
    router.all('*', async (request, trace) => {
      const path = belowBase(new URL(request.url).pathname, basePath)
      // Those below /v1 and /api were identified there.
      if (leftOut.isSecret(path) && trace.caller === undefined) await identify(request, trace)
    })
  }
  const file = (request: RouteRequest) => {
    const path = belowBase(new URL(request.url).pathname, basePath)
    // Where the handler has pages, their route answers before this one.
    return (path === '/' && greeting?.(request)) || page?.fileResponse(files, path, request)
  }
  router.get('*', file).head('*', file)
  router.all('*', (request) => noRoute(router.routes, request, place))
  return async (request: Request, trace: Trace): Promise<Response> => {
    requireFewParameters(request.url)
    return router.fetch(request, trace)
  }

  function refuseLoop({ headers }: Request, trace: Trace): void {
    trace.hops = extendHops(headers, context.instance())
  }

  async function identify(request: Request, trace: Trace): Promise<void> {
    trace.caller = await guard.identify(request, trace.afterwards)
    refuseScraper(trace.caller)
    refuseOffering(trace.caller)
  }

  async function identifyOffering(request: Request, trace: Trace): Promise<void> {
    trace.caller = await guard.identify(request, trace.afterwards)
    requireOffering(trace.caller)
  }

  async function identifyScraper(request: Request, trace: Trace): Promise<void> {
    trace.caller = await guard.identify(request, trace.afterwards)
    refuseOffering(trace.caller)
    requireMetricsAccess(trace.caller)
  }
}

type Check = (request: Request, trace: Trace) => Promise<void> | void

/** A request for an engine is counted once its body is read, with what it asks for. */
const look: Check = (_, { caller }) => caller?.requireLeft(true)

const count: Check = (_, { caller }) => caller?.countRequest()

const countBeyondQuotas: Check = (_, { caller }) => caller?.countRequest(true)

function countOf({ asksEngine, isBeyondQuotas }: TableEntry): Check {
  if (asksEngine) return look
  return isBeyondQuotas ? countBeyondQuotas : count
}

/** The most parameters of a query; no route has ten. */
const MAX_PARAMETERS = 100

/**
 * Throws an `ApiError` (400) for a query with many parameters: the router copies all values of a name
 * for each of them, so that 8,000 take most of a second, and that before any key is asked for.
 */
function requireFewParameters(url: string): void {
  const start = url.indexOf('?')
  if (start === -1) return
  let count = 1
  for (let at = url.indexOf('&', start); at !== -1; at = url.indexOf('&', at + 1)) count++
  if (count <= MAX_PARAMETERS) return
  throw badRequest(
    `url: expected at most ${MAX_PARAMETERS} query parameters, got ${count}; send fewer.`,
  )
}
