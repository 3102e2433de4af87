import { ApiError } from '../../wire/errors/api-error.ts'
import type { Engine } from '../engine.ts'
import { NOT_STARTED, START_FAILED } from '../managed/errors.ts'
import type { Route } from '../registry/router.ts'
import { unavailable } from '../registry/unavailable.ts'
import { isLoading, MODEL_LOADING, withRetryAfter } from '../upstream/model-loading.ts'
import { type FailureKind, isTransient, retryAfterMs } from './failure-kind.ts'

/**
 * Milliseconds: the longest `Retry-After` that is waited for, and the delay where there is none.
 */
const RETRY_DELAY = { max: 3_000, base: 100, jitter: 200 }

/** Codes of failed attempts that cost the engine no work, so that they use up no retry budget. */
const FREE_RETRY_CODES: ReadonlySet<unknown> = new Set([
  'upstream_unreachable',
  'attempt_timeout',
  // A tab that was closed took its work with it.
  'engine_lost',
  'loop_detected',
  MODEL_LOADING,
  START_FAILED,
  NOT_STARTED,
])

/** Whether a failed attempt cost the engine no work, so that the next one uses no retry budget. */
export function isFreeRetry(error: unknown): boolean {
  return FREE_RETRY_CODES.has(error instanceof ApiError ? error.code : null)
}

/**
 * Whether the attempt was made on a connection that its server had given up: it says nothing of the
 * engine, which is asked again at once.
 */
export function isStale(error: unknown): boolean {
  return error instanceof ApiError && error.evidence === 'stale'
}

/**
 * A discovered server that refuses connections has been reachable at that address: it restarts or
 * was stopped, which is a 503 and no wrong address.
 */
export function asUnavailable(error: unknown, routes: readonly Route[]): unknown {
  if (isLoading(error)) return withRetryAfter(error)
  const isGone = error instanceof ApiError && error.code === 'upstream_unreachable'
  if (!isGone || !routes.every(({ engine }) => engine.isDiscovered)) return error
  return unavailable(
    routes.map(({ engine }) => engine.label),
    error,
  )
}

/**
 * Milliseconds before the same engine is tried once more; undefined where a retry would not help.
 */
export function sameEngineDelay(
  engine: Engine,
  kind: FailureKind,
  error: unknown,
): number | undefined {
  if (engine.isGone || !engine.isServer || !isTransient(error)) return undefined
  const retryAfter = retryAfterMs(error)
  if (retryAfter !== undefined) return retryAfter <= RETRY_DELAY.max ? retryAfter : undefined
  return kind === 'broken' ? RETRY_DELAY.base + Math.random() * RETRY_DELAY.jitter : undefined
}

/** For logs: the engine and the code of its failure. */
export function failureLabel(engine: string | undefined, error: unknown): string {
  const code = error instanceof ApiError ? (error.code ?? error.status) : 'failed'
  // An upstream chooses its codes freely: limit the length of what is logged.
  return `${engine ?? 'an engine'} ${String(code).slice(0, 60)}`
}
