/** What spreads requests over engines: concurrency limits with a queue, circuit breakers, the least busy engine first. */
import { type Breaker, CircuitBreaker } from './circuit-breaker.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'

/** The concurrency slots of all engines. */
export type Limiter = Pick<
  ConcurrencyLimiter,
  'maxQueued' | 'waiting' | 'places' | 'acquire' | 'assignFreeSlots'
>

export interface Balancing {
  /** `isolated`: whether no request may wake another (workerd). */
  limiter(isolated: boolean): Limiter
  breaker(): Breaker
}

export const balancing: Balancing = {
  limiter: (isolated) => new ConcurrencyLimiter(0, isolated),
  breaker: () => new CircuitBreaker(),
}
