/** Limits in this process's memory: the default, and what each instance uses while a store is away. */
import {
  type Account,
  charge,
  type HeldUse,
  hold,
  isIdle,
  levelsOf,
  newAccount,
  refresh,
  refusalOf,
  release,
  requireAmount,
  take,
} from './account.ts'
import type {
  Admission,
  Claim,
  HeldPermit,
  Levels,
  Limits,
  LimitsOfKey,
  SlotKind,
  UseSoFar,
} from './limits.ts'
import { calendar } from './periods.ts'

export interface MemoryLimitsOptions {
  /** Milliseconds of a clock that runs evenly; `performance.now` by default. */
  clock?: (() => number) | undefined
  /** Milliseconds since 1970, for days and months; `Date.now` by default. */
  now?: (() => number) | undefined
  /**
   * Milliseconds for which a permit holds its slot without being renewed. By default it holds it until it
   * is settled: a process that dies takes its memory with it.
   */
  lease?: number | undefined
  /** The counts to begin with, by key, for who keeps them elsewhere too. */
  accounts?: Map<string, Account> | undefined
  /** Called with each account that is new and full: it may begin with less. */
  begin?: ((key: string, account: Account) => void) | undefined
}

/** The number of keys from which on those are removed of which there is nothing to remember. */
const SWEEP_FROM = 1_000

/** The most keys whose use is remembered although they have no quota. */
const MOST_COUNTED = 10_000

/**
 * Limits in memory. Throws a `RangeError` for an amount or a limit that is not a finite number, or is
 * negative.
 */
export function memoryLimits(options: MemoryLimitsOptions = {}): Limits {
  return new MemoryLimits(options)
}

class MemoryLimits implements Limits {
  readonly isLocal = true
  readonly #accounts: Map<string, Account>
  readonly #clock: () => number
  readonly #now: () => number
  readonly #lease: number
  readonly #begin: MemoryLimitsOptions['begin']
  readonly #periodsAt = calendar()
  #since: number | undefined
  #sweepAt = SWEEP_FROM

  constructor({
    clock = () => performance.now(),
    now = Date.now,
    lease = Number.POSITIVE_INFINITY,
    accounts = new Map(),
    begin,
  }: MemoryLimitsOptions) {
    this.#accounts = accounts
    this.#clock = clock
    this.#now = now
    this.#lease = lease
    this.#begin = begin
  }

  admit(claim: Claim): Admission {
    requireAmount('tokens', claim.tokens)
    const { key, limits, permit } = claim
    const now = this.#now()
    const at = this.#clock()
    const account = this.#account(key, limits, now, at)
    const isHeld = permit !== undefined && account.held.has(permit.id)
    const refusal = isHeld ? undefined : refusalOf(claim, account, now)
    if (refusal === undefined && !isHeld) {
      take(claim, account)
      if (permit !== undefined) this.#hold(account, permit.id, permit.slot, claim.tokens, at)
    }
    const levels = levelsOf(account, limits, now)
    if (refusal === undefined) return { availableInMs: 0, levels }
    return { refusedBy: refusal.by, availableInMs: refusal.wait, levels }
  }

  renew(permits: readonly HeldPermit[]): void {
    const at = this.#clock()
    for (const { id, key, slot, limits, tokens } of permits) {
      const account = this.#account(key, limits, this.#now(), at)
      const held = account.held.get(id)
      if (held === undefined) this.#hold(account, id, slot, tokens, at)
      else this.#extend(account, id, held, at)
    }
  }

  advance(permit: HeldPermit, used: UseSoFar): void {
    requireAmount('tokens', used.tokens)
    const at = this.#clock()
    const { account, held } = this.#find(permit, at)
    if (account === undefined || held === undefined) return
    this.#extend(account, permit.id, held, at)
    const tokens = Math.max(held.tokens, used.tokens)
    const answerTokens = Math.max(held.answerTokens, used.answerTokens)
    charge(account, permit.limits, held, { tokens, answerTokens })
  }

  settle(permit: HeldPermit, used: UseSoFar | undefined): void {
    const { account, held } = this.#find(permit, this.#clock())
    if (account === undefined || held === undefined) return
    release(account, permit.id, held)
    const { tokens = 0, answerTokens = 0 } = used ?? {}
    requireAmount('tokens', tokens)
    charge(account, permit.limits, held, { tokens, answerTokens })
  }

  levels(key: string, limits: LimitsOfKey): Levels {
    const now = this.#now()
    const at = this.#clock()
    this.#since ??= now
    // A name that is only looked up leaves nothing behind.
    const account = this.#accounts.get(key) ?? newAccount(this.#periodsAt(now))
    this.#refresh(account, limits, now, at)
    return { ...levelsOf(account, limits, now), since: this.#since }
  }

  /** What is held for a permit; undefined where its lease has ended, or it was settled. */
  #find({ id, key, limits }: HeldPermit, at: number) {
    const account = this.#accounts.get(key)
    if (account !== undefined) this.#refresh(account, limits, this.#now(), at)
    return { account, held: account?.held.get(id) }
  }

  /** The account of a key, brought up to date. */
  #account(key: string, limits: LimitsOfKey, now: number, at: number): Account {
    let account = this.#accounts.get(key)
    if (account === undefined) {
      this.#since ??= now
      if (this.#accounts.size >= this.#sweepAt) this.#sweep(now, at)
      account = newAccount(this.#periodsAt(now))
      this.#accounts.set(key, account)
      this.#refresh(account, limits, now, at)
      this.#begin?.(key, account)
      return account
    }
    this.#refresh(account, limits, now, at)
    return account
  }

  #refresh(account: Account, limits: LimitsOfKey, now: number, at: number): void {
    refresh(account, limits, this.#periodsAt(now), at)
    if (this.#lease === Number.POSITIVE_INFINITY) return
    for (const [id, held] of account.held) {
      if (held.leaseEndsAt > at) return
      release(account, id, held)
    }
  }

  #hold(account: Account, id: string, slot: SlotKind, tokens: number, at: number): void {
    const { day, month } = account
    const leaseEndsAt = at + this.#lease
    const periods = { day: day.period, month: month.period }
    hold(account, id, { slot, leaseEndsAt, tokens, answerTokens: 0, ...periods })
  }

  #extend(account: Account, id: string, held: HeldUse, at: number): void {
    if (this.#lease === Number.POSITIVE_INFINITY) return
    held.leaseEndsAt = at + this.#lease
    account.held.delete(id)
    account.held.set(id, held)
  }

  /** Callers may have any number of names, where a program identifies them. */
  #sweep(now: number, at: number): void {
    const accounts = this.#accounts
    const { month } = this.#periodsAt(now)
    const idle: [string, Account][] = []
    for (const [key, account] of accounts) {
      if (!isIdle(account, at)) continue
      if (account.month.period.endsAt <= month.beginsAt) accounts.delete(key)
      else if (!account.hasQuota) idle.push([key, account])
    }
    if (accounts.size >= MOST_COUNTED) {
      idle.sort(([, { usedAt }], [, other]) => usedAt - other.usedAt)
      // A tenth more than is necessary, so that the next name does not cause another sweep.
      const surplus = accounts.size - MOST_COUNTED * 0.9
      for (const [key] of idle.slice(0, surplus)) accounts.delete(key)
    }
    const isBounded = accounts.size < MOST_COUNTED
    const next = isBounded ? Math.min(accounts.size * 2, MOST_COUNTED) : accounts.size * 2
    this.#sweepAt = Math.max(SWEEP_FROM, next)
  }
}
