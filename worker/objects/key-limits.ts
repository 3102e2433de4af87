/** The limits of keys at the edge: one object for each key. */
import type { Account, HeldUse } from '../../src/state/account.ts'
import {
  type Claim,
  type HeldPermit,
  type Levels,
  type Limits,
  type LimitsOfKey,
  PERMIT_LEASE,
  type UseSoFar,
} from '../../src/state/limits.ts'
import { memoryLimits } from '../../src/state/memory-limits.ts'
import type { Period } from '../../src/state/periods.ts'
import { answerCall } from './call.ts'
import type { ObjectState } from './platform.ts'
import { Tables } from './tables.ts'

/** Milliseconds for which changes are collected before they are written: each time costs a row. */
const WRITE_AFTER = 1_000

/** Milliseconds after the last use after which all is forgotten: no month is longer. */
const KEEP = 32 * 24 * 60 * 60_000

/** The most permits that are written, so that they fit into a row. Those beyond come back when renewed. */
const MOST_WRITTEN = 5_000

const SCHEMA = ['CREATE TABLE account (one INTEGER PRIMARY KEY, key TEXT, json TEXT)']

/**
 * The counts of one key. All is decided in memory; what must survive the object is written about a second
 * later, so that no answer waits for a disk: what an object that is lost had not written yet, its key gets
 * back.
 */
export class KeyLimits {
  readonly #storage: ObjectState['storage']
  readonly #tables: Tables
  readonly #accounts = new Map<string, Account>()
  readonly #limits: Limits
  readonly #now: () => number
  #isWaiting = false
  #alarmAt = 0

  constructor(state: ObjectState, _env?: unknown, now: () => number = Date.now) {
    this.#storage = state.storage
    this.#tables = new Tables(state, 'account', SCHEMA)
    this.#now = now
    const [row] = this.#tables.read('SELECT key, json FROM account')
    if (row) this.#accounts.set(String(row.key), restored(String(row.json)))
    // By the clock of the day, since it has to go on where the object is made anew.
    const options = { clock: now, now, lease: PERMIT_LEASE, accounts: this.#accounts }
    this.#limits = memoryLimits(options)
  }

  fetch(request: Request): Promise<Response> {
    const { admit, renew, advance, settle } = this.#limits
    const changing =
      <Args extends unknown[], Result>(act: (...args: Args) => Result) =>
      (...args: Args) => {
        const result = act.apply(this.#limits, args)
        this.#writeSoon()
        return result
      }
    return answerCall(request, {
      admit: changing<[Claim], unknown>(admit),
      renew: changing<[HeldPermit[]], unknown>(renew),
      advance: changing<[HeldPermit, UseSoFar], unknown>(advance),
      settle: changing<[HeldPermit, UseSoFar | null], unknown>((permit, used) =>
        settle.call(this.#limits, permit, used ?? undefined),
      ),
      levels: (key: string, limits: LimitsOfKey) => this.#levels(key, limits),
    })
  }

  async alarm(): Promise<void> {
    const usedAt = Math.max(0, ...[...this.#accounts.values()].map((account) => account.usedAt))
    if (this.#now() - usedAt < KEEP) return this.#storage.setAlarm(usedAt + KEEP)
    this.#accounts.clear()
    await this.#storage.deleteAll()
    this.#tables.forget()
  }

  async #levels(key: string, limits: LimitsOfKey): Promise<Levels> {
    const { since: _, ...levels } = await this.#limits.levels(key, limits)
    return levels
  }

  #writeSoon(): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    setTimeout(() => this.#write(), WRITE_AFTER)
  }

  #write(): void {
    this.#isWaiting = false
    for (const [key, account] of this.#accounts) {
      this.#tables.write('INSERT OR REPLACE INTO account VALUES (1, ?, ?)', key, written(account))
    }
    const now = this.#now()
    // Moved once a day at most, as each time costs a row.
    if (this.#alarmAt > now + KEEP - 24 * 60 * 60_000) return
    this.#alarmAt = now + KEEP
    void this.#storage.setAlarm(this.#alarmAt)
  }
}

function written(account: Account): string {
  const { day, month, held, ...rest } = account
  const permits = [...held].slice(0, MOST_WRITTEN)
  return JSON.stringify({ ...rest, day, month, held: permits })
}

function restored(json: string): Account {
  const read = JSON.parse(json) as Account & { held: [string, HeldUse][] }
  // Periods are told apart by identity.
  const same = (period: Period, current: Period) =>
    period.name === current.name ? current : period
  const held = new Map(
    read.held.map(([id, use]): [string, HeldUse] => {
      const day = same(use.day, read.day.period)
      const month = same(use.month, read.month.period)
      return [id, { ...use, day, month }]
    }),
  )
  return { ...read, held }
}
