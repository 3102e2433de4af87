/** The time that an engine has for its first chunk while another one could answer. */
import type { Exchange } from '../../stream/exchange.ts'
import type { Ticker } from '../../stream/ticker.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Route } from '../registry/router.ts'
import { isUnloaded } from './load-patience.ts'
import type { PoolMember } from './member.ts'
import type { RetryBudgets } from './retry-budget.ts'

/** A request and the engines that may answer it. */
export interface PooledRequest {
  exchange: Exchange
  routes: readonly Route[]
  /** The engines of the routes, in the same order. */
  members: PoolMember[]
  /** The engines whose attempts failed. */
  failed: Set<PoolMember>
}

/** Milliseconds between two checks for a free engine, once `attemptTimeout` has passed. */
const TAKEOVER_CHECK = 1_000

/** Engines that have not failed this request and whose circuit breaker allows it. */
export function otherMembers(
  { exchange, members, failed }: PooledRequest,
  member: PoolMember,
): PoolMember[] {
  const now = performance.now()
  return members.filter(
    (other) =>
      other !== member &&
      !other.isGone &&
      !failed.has(other) &&
      other.breaker.allows(now, exchange.caller),
  )
}

/**
 * Aborts an attempt that brings no first chunk in time, once another engine has a free slot and the
 * caller's budget has a retry left. Returns what ends that; undefined where there is no other engine.
 */
export function watchFirstChunk(
  request: PooledRequest,
  member: PoolMember,
  { attemptTimeout, ticker }: { attemptTimeout: number; ticker: Ticker },
  budgets: RetryBudgets,
): (() => void) | undefined {
  const { exchange, members, failed } = request
  if (members.length - failed.size < 2) return undefined
  const startedAt = performance.now()
  return ticker.add((now) => {
    // A complete answer sends nothing until it is done: its silence does not mean a failure.
    if (!exchange.isStream || exchange.signal.aborted) return undefined
    const remaining = startedAt + attemptTimeout - now
    if (remaining > 0) return remaining
    const others = otherMembers(request, member).filter(
      (other) =>
        other.hasFreeSlot && !other.isDown && !(exchange.isLoading && isUnloaded(request, other)),
    )
    if (others.length === 0 || !budgets.forCaller(exchange.caller).withdraw(now))
      return TAKEOVER_CHECK
    const { label } = member.engine
    const message = `${label} sent no first chunk within ${attemptTimeout / 1000} s (--attempt-timeout), so another engine is tried. Raise the timeout if this engine needs longer.`
    exchange.abortAttempt(new ApiError(504, message, { code: 'attempt_timeout' }))
    return undefined
  })
}
