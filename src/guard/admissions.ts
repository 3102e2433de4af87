/** What this process knows and holds of its callers' limits. */
import {
  type HeldPermit,
  type Levels,
  type Limits,
  type LimitsOfKey,
  PERMIT_RENEWAL,
} from '../state/limits.ts'
import { inBackground } from '../util/background.ts'
import { AnswerLengths } from './answer-lengths.ts'
import { Bodies } from './bodies.ts'
import { Denials, type KnownRefusal } from './denials.ts'
import { exhaustedRequests, exhaustedTokens } from './exhausted.ts'

/**
 * Beside a store of limits: what the answers of its callers were like, who has nothing left, and which
 * permits are held here. One for each store, so that it is kept when settings are read again.
 */
export class Admissions {
  readonly store: Limits
  readonly answerLengths = new AnswerLengths()
  readonly bodies = new Bodies()
  readonly #denials = new Denials()
  /** By key, the requests whose body is read here or that run here, of keys with a limit on these. */
  readonly #inUse = new Map<string, number>()
  readonly #held = new Map<string, HeldPermit>()
  /** By key, what the store is being asked for. */
  readonly #asked = new Map<string, Promise<Levels | undefined>>()
  /** Whether no timer may serve several requests. */
  readonly #isolates: boolean
  #timer: ReturnType<typeof setInterval> | undefined
  #prefix: string | undefined
  #ids = 0

  constructor(store: Limits, isolates = false) {
    this.store = store
    this.#isolates = isolates
  }

  /** The id of a permit, which no other instance has. */
  newId(): string {
    const id = (++this.#ids).toString(36)
    if (this.store.isLocal) return id
    // Made when it is first needed: workerd has no random numbers before a request.
    this.#prefix ??= crypto.randomUUID()
    return `${this.#prefix}.${id}`
  }

  /** Counts one more request of a key in this process; returns false, and counts nothing, at the limit. */
  enter(key: string, most: number): boolean {
    const count = this.#inUse.get(key) ?? 0
    if (count >= most) return false
    this.#inUse.set(key, count + 1)
    return true
  }

  leave(key: string): void {
    const count = this.#inUse.get(key) ?? 0
    if (count > 1) this.#inUse.set(key, count - 1)
    else this.#inUse.delete(key)
  }

  /** Keeps the lease of a permit until it is dropped. */
  hold(permit: HeldPermit): void {
    if (this.store.isLocal) return
    this.#held.set(permit.id, permit)
    if (this.#isolates) return
    this.#timer ??= endless(setInterval(() => this.#renew(), PERMIT_RENEWAL))
  }

  drop(permit: HeldPermit): void {
    if (!this.store.isLocal) this.#held.delete(permit.id)
    this.#denials.refund(permit.key)
  }

  /** Whether a request has to renew its permit itself, as nothing else may do that for it. */
  get needsRenewal(): boolean {
    return this.#isolates && this.store.isLocal !== true
  }

  /** Remembers what the store has told of a key. */
  learn(key: string, limits: LimitsOfKey, levels: Levels): void {
    this.#denials.learn(key, limits, levels)
    this.bodies.learn(key, levels)
  }

  /**
   * What refuses the next request of a key, as far as that is known without asking anybody. `checked`: those of
   * its limits that may refuse it.
   */
  refusal(
    key: string,
    limits: LimitsOfKey,
    needsTokens: boolean,
    checked = limits,
  ): KnownRefusal | undefined {
    if (!this.#denials.has(key)) return undefined
    if (this.store.isLocal !== true) return this.#denials.find(key, checked, needsTokens)
    // Counted in this process, so that no guess is needed.
    const levels = this.store.levels(key, limits)
    if (levels instanceof Promise) return undefined
    this.learn(key, limits, levels)
    const by = exhaustedRequests(levels, checked)
    const found = by ?? (needsTokens ? exhaustedTokens(levels, checked) : undefined)
    return found && { ...found, levels }
  }

  /**
   * What is left to a key of which other bodies are being read; undefined where none are, or where the store
   * fails. A shared store is asked where it has told nothing for a second.
   */
  levelsForBody(
    key: string,
    limits: LimitsOfKey,
  ): Levels | undefined | Promise<Levels | undefined> {
    if (!this.bodies.has(key)) return undefined
    if (this.store.isLocal) return this.store.levels(key, limits)
    const known = this.bodies.known(key)
    if (known !== undefined) return known
    if (this.#isolates) return this.#ask(key, limits)
    let asked = this.#asked.get(key)
    if (asked === undefined) {
      asked = this.#ask(key, limits).finally(() => this.#asked.delete(key))
      this.#asked.set(key, asked)
    }
    return asked
  }

  async #ask(key: string, limits: LimitsOfKey): Promise<Levels | undefined> {
    try {
      const levels = await this.store.levels(key, limits)
      this.learn(key, limits, levels)
      return levels
    } catch {
      // What happens then is decided once the request is to be admitted.
      return undefined
    }
  }

  #renew(): void {
    const held = [...this.#held.values()]
    if (held.length > 0) return void inBackground(() => this.store.renew(held))
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/** A timer that does not keep a process up. */
function endless(timer: ReturnType<typeof setInterval>): ReturnType<typeof setInterval> {
  const { unref } = timer as { unref?: () => void }
  unref?.call(timer)
  return timer
}

const byStore = new WeakMap<Limits, Admissions>()

/** What belongs to a store. `isolates`: whether no request may be woken by another's timer. */
export function admissionsOf(store: Limits, isolates = false): Admissions {
  let admissions = byStore.get(store)
  if (admissions === undefined) {
    admissions = new Admissions(store, isolates)
    byStore.set(store, admissions)
  }
  return admissions
}
