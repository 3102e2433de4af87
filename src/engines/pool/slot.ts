import type { Outcome } from '../../stream/outcome.ts'
import type { Choosing } from './choice.ts'
import type { BreakerPermit } from './circuit-breaker.ts'
import type { Conversation } from './conversations.ts'
import { blameOf, type FailureKind, retryAfterMs } from './failure-kind.ts'
import type { PoolMember } from './member.ts'

/**
 * Milliseconds for which a busy engine is asked last: where it sends no `Retry-After`, and at most.
 */
const BUSY_BACKOFF = { default: 1_000, max: 60_000 }

/** The limiter that a slot returns to. */
export interface SlotOwner {
  onFree(slot: Slot, now: number): void
}

/** A concurrency slot at an engine, with the permit of its circuit breaker. */
export class Slot {
  readonly member: PoolMember
  readonly permit: BreakerPermit
  /** When the holder last renewed its lease. */
  renewedAt: number
  /** Stops the timer that renews the lease. */
  stopLease: (() => void) | undefined
  readonly #owner: SlotOwner
  readonly #acquiredAt: number
  readonly #conversation: Conversation | undefined
  #isFree = false

  constructor(
    owner: SlotOwner,
    member: PoolMember,
    now: number,
    { caller, conversation }: Pick<Choosing, 'caller' | 'conversation'>,
  ) {
    this.#owner = owner
    this.member = member
    this.#acquiredAt = now
    this.renewedAt = now
    this.#conversation = conversation
    if (conversation !== undefined) conversation.running++
    member.running++
    this.permit = member.breaker.acquire(now, caller)
  }

  /** Frees the slot when its request ends, and reports the outcome to the circuit breaker. */
  release(outcome: Outcome): void {
    const now = performance.now()
    if (outcome.kind === 'finished') this.permit.succeeded(now)
    else if (outcome.kind === 'failed') this.#reportFailure(outcome.error, now)
    else this.permit.ignored()
    this.free()
  }

  /** Frees the slot after a failed attempt, whose request may go on at another engine. */
  releaseFailed(kind: FailureKind, error: unknown, now: number): void {
    const { member } = this
    const backoff = kind === 'busy' ? (retryAfterMs(error) ?? BUSY_BACKOFF.default) : 0
    if (backoff > 0) member.backoffUntil = now + Math.min(backoff, BUSY_BACKOFF.max)
    this.#reportFailure(error, now)
    this.free(false)
  }

  #reportFailure(error: unknown, now: number): void {
    const blame = blameOf(error)
    if (blame === 'engine') this.permit.failed(now)
    else if (blame === 'answer') this.permit.failed(now, 'caller')
    else if (blame === 'request') this.permit.answered()
    this.permit.ignored()
  }

  /**
   * Frees the slot for the next waiter; later calls do nothing. `isTypical`: whether the time it
   * was held predicts how long other requests take.
   */
  free(isTypical = true): void {
    this.stopLease?.()
    this.#freeOnce(isTypical)
  }

  /**
   * Frees a slot whose lease has expired. The holder's timer belongs to another request, which on
   * workerd only that request may stop.
   */
  reclaim(): void {
    this.permit.ignored()
    this.#freeOnce(false)
  }

  #freeOnce(isTypical: boolean): void {
    if (this.#isFree) return
    this.#isFree = true
    const now = performance.now()
    this.member.running--
    if (this.#conversation !== undefined) this.#conversation.running--
    if (isTypical) this.member.averageDuration.add((now - this.#acquiredAt) / 1000)
    this.#owner.onFree(this, now)
  }
}
