import type { HeldPermit } from '../state/limits.ts'
import type { Admissions } from './admissions.ts'
import type { ExpectedUse, Reservation, TokenUse } from './reservation.ts'

/** Runs work for which the response does not wait. */
export type Afterwards = (act: () => unknown) => void

/** The tokens that are taken for one request. */
export interface TokenMeter {
  /** What was reserved at the start. */
  readonly reserved: number
  /** Takes what is used beyond all that was taken so far. */
  advance(used: TokenUse): void
}

/** Permission for one request, which holds a part of its caller's limits until it ends. */
export interface Permit {
  /** Undefined for a caller without a limit on tokens. */
  readonly meter?: TokenMeter | undefined
  /** Extends its lease; undefined where something else does. */
  readonly renew?: (() => void) | undefined
  /** Called once when the request has ended. `used`: the counted tokens; undefined if none were used. */
  end(used?: TokenUse): void
}

/** The permit of a caller with limits. */
export class LimitedPermit implements Permit {
  readonly meter: TokenMeter | undefined
  readonly renew: (() => void) | undefined
  readonly #held: HeldPermit
  readonly #admissions: Admissions
  readonly #afterwards: Afterwards
  readonly #learn: ((used: TokenUse) => void) | undefined
  readonly #onEnd: () => void
  /** What was taken last. */
  #tokens: number
  #answerTokens = 0
  #hasEnded = false

  constructor(
    held: HeldPermit,
    admissions: Admissions,
    afterwards: Afterwards,
    /** Called once, when it has ended. */
    onEnd: () => void,
    charged?: { reservation: Reservation; expected: ExpectedUse } | undefined,
  ) {
    this.#held = held
    this.#admissions = admissions
    this.#afterwards = afterwards
    this.#onEnd = onEnd
    this.#tokens = held.tokens
    if (charged !== undefined) {
      const { reservation, expected } = charged
      this.#learn = (used) => reservation.learn(expected, used)
      this.meter = { reserved: held.tokens, advance: (used) => this.#advance(used) }
    }
    if (admissions.needsRenewal) {
      this.renew = () => {
        if (!this.#hasEnded) afterwards(() => admissions.store.renew([held]))
      }
    }
    admissions.hold(held)
  }

  #advance(used: TokenUse): void {
    if (this.#hasEnded) return
    this.#learn?.(used)
    if (!(used.total > this.#tokens) || !this.#take(used)) return
    const soFar = { tokens: this.#tokens, answerTokens: this.#answerTokens }
    this.#afterwards(() => this.#admissions.store.advance(this.#held, soFar))
  }

  end(used?: TokenUse): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (used !== undefined) {
      this.#learn?.(used)
      this.#take(used)
    }
    const all = used && { tokens: this.#tokens, answerTokens: this.#answerTokens }
    this.#onEnd()
    this.#admissions.drop(this.#held)
    this.#afterwards(() => this.#admissions.store.settle(this.#held, all))
  }

  /** Returns false for a count that is none: it would spoil what the store has. */
  #take({ total, answer }: TokenUse): boolean {
    if (!Number.isFinite(total) || total < 0) return false
    this.#tokens = total
    if (Number.isFinite(answer)) this.#answerTokens = Math.max(0, answer)
    return true
  }
}
