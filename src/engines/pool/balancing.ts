/** What spreads requests over engines: concurrency limits with a queue, circuit breakers, the least busy engine first. */
import type { Engine } from '../engine.ts'
import { CircuitBreaker, type EngineBreaker } from './circuit-breaker.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'

/** The concurrency slots of all engines. */
export type Limiter = Pick<
  ConcurrencyLimiter,
  'maxQueued' | 'waiting' | 'places' | 'acquire' | 'assignFreeSlots'
>

export interface Balancing {
  /** `isolated`: whether no request may wake another (workerd). */
  limiter(isolated: boolean): Limiter
  breaker(): EngineBreaker
  /** Throws a `SettingsError` for engines that it cannot hold to their limits. */
  check?(engines: readonly Engine[]): void
}

export const balancing: Balancing = {
  limiter: (isolated) => new ConcurrencyLimiter(0, isolated),
  breaker: () => new CircuitBreaker(),
}
