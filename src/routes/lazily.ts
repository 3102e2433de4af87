import type { IRequest } from 'itty-router'
import type { Trace } from './trace.ts'

export type Route = (request: IRequest, trace: Trace) => Promise<Response>

/**
 * A route whose code is read when it is first asked for: what few ask for must not keep all others
 * waiting at the start.
 */
export function lazily(load: () => Promise<Route>): Route {
  let route: Route | undefined
  return async (request, trace) => {
    route ??= await load()
    return route(request, trace)
  }
}
