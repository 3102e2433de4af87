/** Engines that come while a request waits, as browser tabs do. */
import type { Exchange } from '../../stream/exchange.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Engine } from '../engine.ts'
import type { Router } from '../registry/router.ts'

/** Whether an engine failed since it is no longer there. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'engine_lost'
}

/** Whether a model has an engine now that was not tried. A request was routed to those that there were then. */
export async function hasComeSince(
  tried: ReadonlySet<Engine>,
  router: Router,
  { outcome, modelAccess, asker }: Exchange,
  model: string | null | undefined,
): Promise<boolean> {
  if (outcome !== undefined) return false
  const routes = await router.pick(model, modelAccess, asker).catch(() => [])
  return routes.some(({ engine }) => !tried.has(engine))
}
