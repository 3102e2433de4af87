import type { Engine } from '../engine.ts'
import { Breaker } from './circuit-breaker.ts'
import { MovingAverage } from './queue-full.ts'

/** What an engine without a limit is taken to manage, where its load is compared with another's. */
const TYPICAL = 16

/** An engine and how it fares. Times are milliseconds of `performance.now()`. */
export class Member {
  readonly engine: Engine
  readonly breaker = new Breaker()
  /** How long a request takes it. */
  readonly average = new MovingAverage()
  /** Requests it works on now. */
  running = 0
  /** It asked to be left alone until then. */
  restUntil = 0
  #isDown = false

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Whether it could not list its models when it was last asked. */
  get isDown(): boolean {
    return this.#isDown
  }

  /** A listing succeeded or failed. One that succeeds again may be worth a request at once. */
  listed(isDown: boolean, now: number): void {
    if (this.#isDown && !isDown) this.breaker.hint(now)
    this.#isDown = isDown
  }

  /** How many requests it may work on at once. */
  get room(): number {
    return this.engine.maxConcurrency ?? Number.POSITIVE_INFINITY
  }

  get hasRoom(): boolean {
    return this.running < this.room
  }

  /** Whether a request is rather sent to this one than to the other. Equals keep their order. */
  isBetterThan(other: Member, now: number): boolean {
    const [own, its] = [this.#trouble(now), other.#trouble(now)]
    return own === its ? this.#load < other.#load : own < its
  }

  get #load(): number {
    return this.running / (this.engine.maxConcurrency ?? TYPICAL)
  }

  #trouble(now: number): number {
    return Number(this.isDown) * 2 + Number(now < this.restUntil)
  }
}
