import type { Outcome } from '../../stream/exchange.ts'
import type { Pass } from './circuit-breaker.ts'
import { blameOf, restOf, type Verdict } from './failure-kind.ts'
import type { Member } from './member.ts'

/** How long an engine that is too busy is asked last, where it does not say, and at most. */
const BUSY = { usual: 1_000, most: 60_000 }

/** Where a slot goes when it is free again. */
export interface Owner {
  free(slot: Slot, now: number): void
}

/** A slot at an engine, and the passage through its breaker. */
export class Slot {
  readonly member: Member
  readonly pass: Pass
  /** When its holder showed last that it is still there. */
  seenAt: number
  /** Stops the holder's timer. */
  stop: (() => void) | undefined
  readonly #owner: Owner
  readonly #since: number
  #isOver = false

  /** `who`: who asks, where clients are told apart. */
  constructor(owner: Owner, member: Member, now: number, who: string) {
    this.#owner = owner
    this.member = member
    this.#since = now
    this.seenAt = now
    member.running++
    this.pass = member.breaker.enter(now, who)
  }

  /** The exchange is over, and with it what its engine had to do. */
  release(outcome: Outcome): void {
    const now = performance.now()
    if (outcome.kind === 'finished') this.pass.succeeded(now)
    else if (outcome.kind === 'failed') this.#failed(outcome.error, now)
    else this.pass.forgotten()
    this.end()
  }

  /** The attempt failed; the verdict is what that says about its engine. */
  giveUp(verdict: Verdict, error: unknown, now: number): void {
    const { member } = this
    const rest = verdict === 'busy' ? (restOf(error) ?? BUSY.usual) : 0
    if (rest > 0) member.restUntil = now + Math.min(rest, BUSY.most)
    this.#failed(error, now)
    this.end(false)
  }

  /** Tells the breaker what a failure shows of the engine. */
  #failed(error: unknown, now: number): void {
    const blame = blameOf(error)
    if (blame === 'engine') this.pass.failed(now)
    else if (blame === 'answer') this.pass.failed(now, 'caller')
    else if (blame === 'request') this.pass.answered()
    this.pass.forgotten()
  }

  /**
   * Gives it to the next in line. Doing it again does nothing. `isTypical`: whether how long it was
   * held tells how long others will be.
   */
  end(isTypical = true): void {
    this.stop?.()
    this.#over(isTypical)
  }

  /** Ends it on behalf of a holder that is gone, and whose timer nobody else may touch. */
  takeBack(): void {
    this.pass.forgotten()
    this.#over(false)
  }

  #over(isTypical: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    const now = performance.now()
    this.member.running--
    if (isTypical) this.member.average.learn((now - this.#since) / 1000)
    this.#owner.free(this, now)
  }
}
