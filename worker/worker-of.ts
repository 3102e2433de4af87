/** Workers that are composed of some parts. */
import { createComposedHandler } from '../src/composed-handler.ts'
import { PoolState } from '../src/engines/pool/pool-state.ts'
import { withErrorResponse } from '../src/routes/internal-error.ts'
import { poolOf } from '../src/routes/parts/compose.ts'
import { composeSome, readerOf } from '../src/routes/parts/compose-some.ts'
import type { HandlerPart } from '../src/routes/parts/part.ts'
import { memoryLimits } from '../src/state/memory-limits.ts'
import { type Bindings, serving } from './serving.ts'

/** A Worker, for `export default`. */
export interface ComposedWorker {
  fetch(request: Request, env: Bindings, context?: unknown): Promise<Response>
}

/**
 * A Worker with these parts. It reads the settings of the core and of the parts from its environment, and
 * refuses all others. With the class `KeyLimits` bound as `KEY_LIMITS`, its instances share the limits of keys.
 */
export function workerOf(parts: readonly HandlerPart[]): ComposedWorker {
  const composition = composeSome(parts)
  const { handlerOnce } = serving({
    reader: readerOf(parts),
    make: (settings, host) => createComposedHandler(composition, settings, host),
    kept: {
      limits: memoryLimits(),
      responses: composition.responses(),
      seen: new Map(),
      finishes: new Map(),
      pool: new PoolState(true, poolOf(composition)),
    },
  })
  return {
    fetch: (request, env, context) =>
      withErrorResponse(
        (asked) => handlerOnce(env).fetch(asked, context),
        composition.families,
      )(request),
  }
}
