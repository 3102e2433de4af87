import { MovingAverage } from '../../util/moving-average.ts'
import type { Engine } from '../engine.ts'
import type { EngineBreaker } from './circuit-breaker.ts'
import { ASSUMED_DURATION } from './queue-full.ts'

/**
 * The concurrency assumed of an engine without a limit when its load is compared with another's.
 */
const ASSUMED_CONCURRENCY = 16

/** An engine of the pool and its current state. Times are milliseconds of `performance.now()`. */
export class PoolMember {
  /** Replaced when the settings are reloaded, by the same one with other options. */
  engine: Engine
  readonly breaker: EngineBreaker
  /** Seconds that a request occupies a concurrency slot. */
  readonly averageDuration = new MovingAverage(ASSUMED_DURATION)
  /** Requests in progress. */
  running = 0
  /** The conversations that it answered last and that are likely to go on. */
  conversations = 0
  /** The engine asked for no requests until then, by `Retry-After`: others are preferred. */
  backoffUntil = 0
  #isDown = false

  constructor(engine: Engine, breaker: EngineBreaker) {
    this.engine = engine
    this.breaker = breaker
  }

  /** Whether its last model listing failed. */
  get isDown(): boolean {
    return this.#isDown
  }

  /**
   * Records whether a model listing failed. The first that succeeds again lets the breaker probe.
   */
  setDown(isDown: boolean, now: number): void {
    if (this.#isDown && !isDown) this.breaker.allowProbe(now)
    this.#isDown = isDown
  }

  /** Whether its engine is gone for good. */
  get isGone(): boolean {
    return this.engine.isGone === true
  }

  /** The most requests it may work on at once. */
  get concurrencyLimit(): number {
    return this.engine.maxConcurrency ?? Number.POSITIVE_INFINITY
  }

  /** One that is gone refuses at once: what still reads its last answer holds up nothing. */
  get hasFreeSlot(): boolean {
    return this.isGone || this.running < this.concurrencyLimit
  }

  /**
   * Whether to prefer this engine over another: the one with less to do for its size, then the one that is not
   * set back, and of two with nothing to do the one with fewer conversations, whose next turns will come. Equal engines keep the
   * order of the settings.
   */
  isBetterThan(other: PoolMember, now: number): boolean {
    const [own, its] = [this.#penalty(now), other.#penalty(now)]
    if (own !== its) return own < its
    const [load, itsLoad] = [this.running / this.size, other.running / other.size]
    if (load !== itsLoad) return load < itsLoad
    const [setBack, itsSetBack] = [this.engine.setBack ?? 0, other.engine.setBack ?? 0]
    if (setBack !== itsSetBack) return setBack < itsSetBack
    return this.conversations / this.size < other.conversations / other.size
  }

  /** How much it can do at once, in comparison with others. */
  get size(): number {
    return this.engine.maxConcurrency ?? ASSUMED_CONCURRENCY
  }

  #penalty(now: number): number {
    return Number(this.isDown) * 2 + Number(now < this.backoffUntil)
  }
}
