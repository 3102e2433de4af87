import type { Settings } from '../../settings/types.ts'
import type { Account } from '../account.ts'
import {
  type Admission,
  type Claim,
  type HeldPermit,
  type Levels,
  type Limits,
  type LimitsOfKey,
  PERMIT_LEASE,
  type UseSoFar,
} from '../limits.ts'
import { memoryLimits } from '../memory-limits.ts'
import { stateUnavailable } from '../unavailable.ts'
import { KnownLevels } from './known-levels.ts'
import { StateAwayError } from './port.ts'
import { shareOf } from './share.ts'

/** The most requests whose end the store is told later, after it was away. */
const MOST_UNSETTLED = 10_000

/** What happens to limits while the store is away: each instance's share, no limits, or no service. */
export type StateFailure = Settings['stateFailure']

export interface GuardedLimitsOptions {
  /** Those that instances share; they reject while the store is away. */
  shared: Limits
  isAway: () => boolean
  policy: StateFailure
  /** Among how many instances a limit is divided while the store is away. */
  instances: () => number
  /** Called for each claim that was decided on without the store. */
  onFallback?: (policy: StateFailure) => void
  clock?: () => number
}

interface Unsettled {
  permit: HeldPermit
  used: UseSoFar | undefined
  at: number
}

/**
 * Shared limits, and what holds in their place while the store is away: each instance's share of what was left
 * when it was seen last, no limits, or no service. Whoever owns it calls `onBack` when the store is there again.
 */
export class GuardedLimits implements Limits {
  readonly #options: GuardedLimitsOptions
  readonly #clock: () => number
  readonly #known = new KnownLevels()
  /** What this instance holds; `tokens` is what was taken for it in the store. */
  readonly #held = new Map<string, HeldPermit>()
  /** The counts while the store is away. */
  #own: Limits | undefined
  #unsettled: Unsettled[] = []

  constructor(options: GuardedLimitsOptions) {
    this.#options = options
    this.#clock = options.clock ?? (() => performance.now())
  }

  async admit(claim: Claim): Promise<Admission> {
    const { shared, isAway } = this.#options
    if (!isAway()) {
      try {
        const admission = await shared.admit(claim)
        // It had no memory left for a while, without being away.
        if (this.#own !== undefined) void this.onBack()
        this.#known.set(claim.key, claim.limits, admission.levels, this.#clock())
        if (admission.refusedBy === undefined) this.#hold(claim, claim.tokens)
        return admission
      } catch (error) {
        throwUnlessAway(error)
      }
    }
    const admission = await this.#admitAlone(claim)
    // Nothing was taken in the store, as far as is known.
    if (admission.refusedBy === undefined) this.#hold(claim, 0)
    return admission
  }

  async renew(permits: readonly HeldPermit[]): Promise<void> {
    const { shared, isAway } = this.#options
    if (isAway() || permits.length === 0) return
    const known = permits.map((permit) => this.#held.get(permit.id) ?? permit)
    await unlessAway(() => shared.renew(known))
  }

  async advance(permit: HeldPermit, used: UseSoFar): Promise<void> {
    const { shared, isAway } = this.#options
    await this.#own?.advance(this.#ofShare(permit), used)
    if (!isAway()) await unlessAway(() => shared.advance(permit, used))
  }

  async settle(permit: HeldPermit, used: UseSoFar | undefined): Promise<void> {
    const { shared, isAway } = this.#options
    this.#held.delete(permit.id)
    await this.#own?.settle(this.#ofShare(permit), used)
    const isSettled = !isAway() && (await unlessAway(() => shared.settle(permit, used)))
    if (!isSettled) this.#settleLater(permit, used)
  }

  async levels(key: string, limits: LimitsOfKey): Promise<Levels> {
    const { shared, isAway, policy } = this.#options
    if (!isAway()) {
      try {
        return await shared.levels(key, limits)
      } catch (error) {
        throwUnlessAway(error)
      }
    }
    if (policy === 'closed') throw stateUnavailable(new StateAwayError('state: the store is away.'))
    return this.#alone().levels(key, this.#limitsAlone(limits))
  }

  /** The store is there again: it is told of what this instance holds, and of what ended meanwhile. */
  async onBack(): Promise<void> {
    const { shared } = this.#options
    this.#own = undefined
    const unsettled = this.#unsettled
    this.#unsettled = []
    const oldest = this.#clock() - PERMIT_LEASE
    await unlessAway(() =>
      Promise.all([
        shared.renew([...this.#held.values()]),
        // Of those whose lease has ended, the store knows nothing any more.
        ...unsettled
          .filter(({ at }) => at > oldest)
          .map(({ permit, used }) => shared.settle(permit, used)),
      ]),
    )
  }

  async #admitAlone(claim: Claim): Promise<Admission> {
    const { policy, onFallback } = this.#options
    onFallback?.(policy)
    if (policy === 'closed') throw stateUnavailable(new StateAwayError('state: the store is away.'))
    const limits = this.#limitsAlone(claim.limits)
    const admission = await this.#alone().admit({ ...claim, limits })
    return { ...admission, policy }
  }

  #hold({ key, limits, permit }: Claim, tokens: number): void {
    if (permit !== undefined) this.#held.set(permit.id, { ...permit, key, limits, tokens })
  }

  #settleLater(permit: HeldPermit, used: UseSoFar | undefined): void {
    if (this.#unsettled.length < MOST_UNSETTLED) {
      this.#unsettled.push({ permit, used, at: this.#clock() })
    }
  }

  #alone(): Limits {
    this.#own ??= memoryLimits({ begin: (key, account) => this.#begin(key, account) })
    return this.#own
  }

  #limitsAlone(limits: LimitsOfKey): LimitsOfKey {
    const { policy, instances } = this.#options
    return policy === 'local' ? shareOf(limits, instances()) : {}
  }

  #ofShare(permit: HeldPermit): HeldPermit {
    return { ...permit, limits: this.#limitsAlone(permit.limits) }
  }

  /** An account goes on from this instance's share of what was known last, and with what it holds. */
  #begin(key: string, account: Account): void {
    const { policy, instances } = this.#options
    if (policy !== 'local') return
    this.#known.apply(key, account, instances(), this.#clock())
    for (const permit of this.#held.values()) {
      if (permit.key === key) hold(account, permit)
    }
  }
}

/** Its tokens are in the level that was known: only what it does not use is given back. */
function hold(account: Account, { id, slot, tokens }: HeldPermit): void {
  const { day, month } = account
  const periods = { day: day.period, month: month.period }
  account.held.set(id, { slot, leaseEndsAt: Infinity, tokens, answerTokens: 0, ...periods })
  account[slot]++
}

/** Returns whether it was done: what fails while the store is away is made up for later, or ends with a lease. */
async function unlessAway(act: () => unknown): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    throwUnlessAway(error)
    return false
  }
}

/** What the caller got wrong is no failure of the store. */
function throwUnlessAway(error: unknown): void {
  if (error instanceof RangeError) throw error
}
