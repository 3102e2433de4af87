/** Watches how a server loads the model that a request waits for. */
import type { Exchange } from '../../stream/exchange.ts'
import type { ApiError } from '../../wire/errors/api-error.ts'
import type { LoadState } from '../engine.ts'
import type { Route } from '../registry/router.ts'
import { loadFailed } from '../upstream/model-loading.ts'

/**
 * Milliseconds without a first chunk after which a server is asked whether it loads the model, and
 * between two looks at what it said; `untold`: the same where it says nothing of the model.
 */
const LOOK = { after: 1_000, every: 250, untold: 10_000 }

/**
 * Shows a client that waits for a first chunk what its server does about the model, and keeps the
 * timeouts from running while it loads. A load that failed ends the attempt. Returns what ends it, which
 * is to be called when the attempt is over.
 */
export function watchLoad(exchange: Exchange, { engine, model }: Route): (() => void) | undefined {
  if (engine.loadState === undefined) return undefined
  const startedAt = performance.now()
  const look = (now: number): number | undefined => {
    const left = startedAt + LOOK.after - now
    if (left > 0) return left
    const state = engine.loadState?.(model, startedAt)
    if (state?.kind === 'loading' || state?.kind === 'waiting') {
      exchange.showLoading(progressOf(state, engine.label, model), now)
      return LOOK.every
    }
    exchange.endLoading(now)
    if (state === undefined) return LOOK.untold
    if (state.kind === 'unknown') return LOOK.every
    exchange.watchLoad = undefined
    if (state.kind === 'failed') exchange.abortAttempt(failure(engine.label, model, state.exitCode))
    return undefined
  }
  exchange.watchLoad = look
  return () => {
    if (exchange.watchLoad === look) exchange.watchLoad = undefined
  }
}

function progressOf(
  state: Extract<LoadState, { kind: 'loading' | 'waiting' }>,
  label: string,
  model: string | undefined,
): string {
  if (state.kind === 'loading') {
    const percent = state.done === undefined ? '' : ` ${Math.floor(state.done * 100)} %`
    const part = state.part === undefined ? '' : ` (${state.part})`
    return `loading ${model}${part}${percent}`
  }
  if (state.loadsOther) return `waiting for ${model}: ${label} is loading a model`
  const [other] = state.unloading
  if (other === undefined) return `waiting for ${model} to be loaded`
  return `waiting for ${model}: ${other === model ? 'it' : other} is being unloaded`
}

function failure(label: string, model: string | undefined, exitCode: number | undefined): ApiError {
  const code = exitCode === undefined ? '' : ` (its process ended with exit code ${exitCode})`
  return loadFailed(
    `${label} could not load ${model}${code}; see its log for the reason, or use another model.`,
  )
}
