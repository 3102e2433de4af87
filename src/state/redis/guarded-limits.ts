import type { Settings } from '../../settings/types.ts'
import type { Account } from '../account.ts'
import type {
  Admission,
  Claim,
  HeldPermit,
  Levels,
  Limits,
  LimitsOfKey,
  UseSoFar,
} from '../limits.ts'
import { memoryLimits } from '../memory-limits.ts'
import { stateUnavailable } from '../unavailable.ts'
import { meansAway } from './error-replies.ts'
import { KnownLevels } from './known-levels.ts'
import type { RedisLimits } from './limits.ts'
import { StateAwayError } from './port.ts'
import { shareOf } from './share.ts'
import { Unsettled } from './unsettled.ts'

/** How many permits are renewed or restored at once. */
const AT_ONCE = 128

/** What happens to limits while the store is away: each instance's share, no limits, or no service. */
export type StateFailure = Settings['stateFailure']

export interface GuardedLimitsOptions {
  /** Those that instances share; they reject while the store is away. */
  shared: RedisLimits
  isAway: () => boolean
  policy: StateFailure
  /** Among how many instances a limit is divided while the store is away. */
  instances: () => number
  /** Called for each claim that was decided on without the store. */
  onFallback?: (policy: StateFailure) => void
  clock?: () => number
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
  /**
   * The counts while the store is away. That of a key is kept until the store has admitted something of that key:
   * a store that answers and can't write would otherwise let each key begin anew whenever it seems to be back.
   */
  readonly #accounts = new Map<string, Account>()
  readonly #own: Limits
  readonly #unsettled: Unsettled
  /** Whether the store lacks a permit that was admitted without it. */
  #isBehind = false
  /** Counts returns of the store: what the one before began is not continued. */
  #returns = 0

  constructor(options: GuardedLimitsOptions) {
    const { shared, isAway, clock = () => performance.now() } = options
    this.#options = options
    this.#clock = clock
    this.#own = memoryLimits({
      clock,
      accounts: this.#accounts,
      begin: (key, account) => this.#begin(key, account),
    })
    const settle = (permit: HeldPermit, used: UseSoFar | undefined) =>
      // One that nobody could ever take is not kept.
      unlessAway(() => shared.settle(permit, used)).catch(() => true)
    this.#unsettled = new Unsettled({ settle, isAway, clock })
  }

  async admit(claim: Claim): Promise<Admission> {
    const { shared, isAway } = this.#options
    let mayBeTaken = false
    if (!isAway()) {
      try {
        const admission = await shared.admit(claim)
        this.#decided(claim, admission)
        return admission
      } catch (error) {
        throwUnlessAway(error)
        mayBeTaken = mayHaveRun(error)
      }
    }
    const admission = this.#admitAlone(claim)
    const isAdmitted = await admission.then(
      ({ refusedBy }) => refusedBy === undefined,
      () => false,
    )
    const permit = permitOf(claim, 0)
    if (permit !== undefined) {
      // Where nothing was taken in the store, a settle changes nothing there.
      if (!isAdmitted && mayBeTaken) this.#unsettled.add(permit, undefined)
      if (isAdmitted) {
        this.#held.set(permit.id, permit)
        this.#isBehind = true
      }
    }
    return admission
  }

  /** Extends what is there. What the store has lost is restored, unless it has ended meanwhile. */
  async renew(permits: readonly HeldPermit[]): Promise<void> {
    const { shared, isAway } = this.#options
    for (let at = 0; at < permits.length && !isAway(); at += AT_ONCE) {
      const part = this.#stillHeld(permits.slice(at, at + AT_ONCE))
      const isDone = await unlessAway(async () => {
        const lost = this.#stillHeld(await shared.extend(part))
        if (lost.length > 0) await shared.renew(lost)
      })
      if (isDone) this.#answered()
    }
  }

  async advance(permit: HeldPermit, used: UseSoFar): Promise<void> {
    const { shared, isAway } = this.#options
    if (this.#accounts.size > 0) await this.#own.advance(this.#ofShare(permit), used)
    if (!isAway()) await unlessAway(() => shared.advance(permit, used))
  }

  async settle(permit: HeldPermit, used: UseSoFar | undefined): Promise<void> {
    const { shared, isAway } = this.#options
    this.#held.delete(permit.id)
    if (this.#accounts.size > 0) await this.#own.settle(this.#ofShare(permit), used)
    const isSettled = !isAway() && (await unlessAway(() => shared.settle(permit, used)))
    if (isSettled) this.#answered()
    else this.#unsettled.add(permit, used)
  }

  async levels(key: string, limits: LimitsOfKey): Promise<Levels> {
    const { shared, isAway, policy } = this.#options
    if (!isAway()) {
      try {
        const levels = await shared.levels(key, limits)
        this.#answered()
        return levels
      } catch (error) {
        throwUnlessAway(error)
      }
    }
    if (policy === 'closed') throw stateUnavailable(new StateAwayError('state: the store is away.'))
    return this.#own.levels(key, this.#limitsAlone(limits))
  }

  /**
   * The store is there again: it is told of what this instance holds, and of what ended meanwhile. A part at a
   * time, as a store that has just returned would be late with all of it, and so be taken to be away.
   */
  async onBack(): Promise<void> {
    const { shared } = this.#options
    const returned = ++this.#returns
    this.#isBehind = false
    const permits = [...this.#held.values()]
    for (let at = 0; at < permits.length; at += AT_ONCE) {
      const part = this.#stillHeld(permits.slice(at, at + AT_ONCE))
      const isDone = await unlessAway(() => shared.renew(part))
      if (returned !== this.#returns) return
      if (isDone) continue
      this.#isBehind = true
      break
    }
    await this.#unsettled.tell()
  }

  /** The store has decided on a claim. */
  #decided(claim: Claim, { levels, refusedBy }: Admission): void {
    this.#known.set(claim.key, claim.limits, levels, this.#clock())
    if (refusedBy === undefined) {
      const permit = permitOf(claim, claim.tokens)
      if (permit !== undefined) this.#held.set(permit.id, permit)
      this.#accounts.delete(claim.key)
    }
    // It had no memory left for a while, or was busy, without being away.
    if (this.#isBehind) void this.onBack()
    else this.#answered()
  }

  #answered(): void {
    if (this.#unsettled.size > 0) void this.#unsettled.tell()
  }

  #stillHeld(permits: readonly HeldPermit[]): HeldPermit[] {
    return permits.flatMap(({ id }) => this.#held.get(id) ?? [])
  }

  async #admitAlone(claim: Claim): Promise<Admission> {
    const { policy, onFallback } = this.#options
    onFallback?.(policy)
    if (policy === 'closed') throw stateUnavailable(new StateAwayError('state: the store is away.'))
    const limits = this.#limitsAlone(claim.limits)
    const admission = await this.#own.admit({ ...claim, limits })
    return { ...admission, policy }
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

/** `tokens`: what was taken for it in the store, as far as is known. */
function permitOf({ key, limits, permit }: Claim, tokens: number): HeldPermit | undefined {
  return permit && { ...permit, key, limits, tokens }
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

/** Whether a call that failed may have had an effect: not where the server says that it can't serve at present. */
function mayHaveRun(error: unknown): boolean {
  const cause = error instanceof StateAwayError ? error.cause : undefined
  return !(cause instanceof Error && meansAway(cause))
}
