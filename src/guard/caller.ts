import type { Key } from '../settings/keys.ts'
import { namesModel } from '../settings/patterns.ts'
import type {
  Admission,
  HeldPermit,
  Levels,
  LimitName,
  LimitsOfKey,
  SlotKind,
} from '../state/limits.ts'
import { inBackground } from '../util/background.ts'
import type { Admissions } from './admissions.ts'
import { limitHeaders, limitReached } from './limit-reached.ts'
import { limitsOf } from './limits-of-key.ts'
import { type Afterwards, LimitedPermit, type Permit } from './permit.ts'
import { type ExpectedUse, Reservation, type TokenUse, tokenLimit } from './reservation.ts'

/** The name and limits of a caller: those of an API key, or of an identity from `authenticate`. */
export type CallerLimits = Pick<
  Key,
  'name' | 'admin' | 'metrics' | 'models' | 'resumable' | keyof LimitsOfKey
>

/** Who sends one request, and what is left of their limits. */
export class Caller {
  /** The key's name; empty if no key is required. */
  readonly name: string
  /** Whether they may see what belongs to every caller: the engines, their errors, and the runtime. */
  readonly isAdmin: boolean
  /** Whether they may read the metrics, and nothing else. */
  readonly isScraper: boolean
  /** The limit for which the request was refused. */
  limitHit: LimitName | undefined
  /** What decided while the store was away. */
  statePolicy: Admission['policy']
  /** Response headers with the limits and what is left of them. */
  headers: Record<string, string> = {}
  readonly #key: CallerLimits | undefined
  /** Undefined where it has none. */
  readonly #limits: LimitsOfKey | undefined
  readonly #admissions: Admissions
  readonly #afterwards: Afterwards
  /** Whether it counts as one of those of its key that are read or run in this process. */
  #isInside = false
  /** Whether the store has counted it as a request, or has refused it. */
  #isCounted = false
  /** Whether nothing more comes of it. */
  #hasLeft = false
  #permit: Permit | undefined

  constructor(
    key: CallerLimits | undefined,
    admissions: Admissions,
    afterwards: Afterwards = (act) => void inBackground(act),
    isAdmin = key?.admin === true,
  ) {
    this.isAdmin = isAdmin
    this.isScraper = key?.metrics === true
    this.name = key?.name ?? ''
    this.#key = key
    this.#limits = key && limitsOf(key)
    this.#admissions = admissions
    this.#afterwards = afterwards
  }

  /** Undefined where there are no keys. */
  get limits(): CallerLimits | undefined {
    return this.#key
  }

  /** Whether the key may use a model with this name; undefined if it may use all models. */
  get mayUseModel(): ((model: string) => boolean) | undefined {
    const { models } = this.#key ?? {}
    if (models === undefined || models.includes('*')) return undefined
    return (model) => namesModel(models, model)
  }

  /**
   * Throws an `ApiError` (429) where this process knows that the key has nothing left. `needsTokens`:
   * whether the request is for an engine.
   */
  requireLeft(needsTokens: boolean): void {
    const limits = this.#limits
    if (limits === undefined) return
    const known = this.#admissions.refusal(this.name, limits, needsTokens)
    if (known !== undefined) throw this.#refuse(known.by, known.wait, known.levels)
  }

  /** Counts a request that asks no engine. Rejects with an `ApiError` (429, 503). */
  async countRequest(): Promise<void> {
    this.requireLeft(false)
    await this.count()
  }

  /** Counts the request, unless it was counted or refused. Rejects with an `ApiError` (429, 503). */
  async count(): Promise<void> {
    const limits = this.#limits
    if (limits === undefined || this.#isCounted) return this.#countAfterwards()
    this.#isCounted = true
    const claim = { key: this.name, limits, requests: 1, tokens: 0 } as const
    this.#accept(await this.#admissions.store.admit(claim), limits)
  }

  /**
   * Called before the body is read, so that reading and parsing are limited too: throws an `ApiError` (429)
   * where as many requests of the key are read or run in this process as it has slots.
   */
  enter(): void {
    const { maxConcurrency } = this.#limits ?? {}
    if (maxConcurrency === undefined || this.#isInside) return
    this.#isInside = this.#admissions.enter(this.name, maxConcurrency)
    if (!this.#isInside) throw this.#refuse('concurrency', 1_000, this.#levels())
  }

  /**
   * Permits a parsed request to use an engine: counts it, reserves its tokens and takes one of the key's
   * slots, all or nothing. A response in the background takes one of as many further slots, because one
   * that waits for minutes must not keep its key from sending others. Rejects with an `ApiError` (429, 503).
   */
  async permit(expected: ExpectedUse, slot: SlotKind = 'running'): Promise<Permit> {
    const limits = this.#limits
    this.#permit = limits ? await this.#limited(limits, expected, slot) : this.#unlimited()
    // It may have ended while the store was asked.
    if (this.#hasLeft) this.#permit.end()
    return this.#permit
  }

  async #limited(limits: LimitsOfKey, expected: ExpectedUse, slot: SlotKind): Promise<Permit> {
    const { name } = this
    const admissions = this.#admissions
    const bucket = tokenLimit(limits)
    const charged = bucket !== undefined && {
      reservation: new Reservation(name, bucket, admissions.answerLengths),
      expected,
    }
    const tokens = charged ? charged.reservation.tokens(expected) : 0
    const held: HeldPermit = { id: admissions.newId(), key: name, slot, limits, tokens }
    const requests = this.#isCounted ? 0 : 1
    this.#isCounted = true
    const permit = { id: held.id, slot }
    const admission = await admissions.store.admit({ key: name, limits, requests, tokens, permit })
    this.#accept(admission, limits, tokens)
    if (slot === 'background') this.#exit()
    const exit = () => this.#exit()
    return new LimitedPermit(held, admissions, this.#afterwards, exit, charged || undefined)
  }

  /** What it used is counted once it has ended. */
  #unlimited(): Permit {
    return {
      end: (used) => {
        if (!this.#isCounted) this.#countAfterwards(used)
        else if (used !== undefined) this.#useAfterwards(0, used)
      },
    }
  }

  /** Another place answers the request, and counts it. */
  handOver(): void {
    this.#isCounted = true
    this.leave()
  }

  /** Called when nothing more comes of a request that has no exchange with an engine. */
  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#permit?.end()
    this.#exit()
    this.#countAfterwards()
  }

  #exit(): void {
    if (!this.#isInside) return
    this.#isInside = false
    this.#admissions.leave(this.name)
  }

  #countAfterwards(used?: TokenUse): void {
    if (this.#isCounted) return
    this.#isCounted = true
    this.#useAfterwards(1, used)
  }

  #useAfterwards(requests: 0 | 1, { total = 0, answer = 0 }: Partial<TokenUse> = {}): void {
    const [tokens, answerTokens] = [amount(total), amount(answer)]
    const limits = this.#limits ?? NONE
    const { store } = this.#admissions
    const claim = { key: this.name, limits, requests, tokens, answerTokens }
    const learn = async () => {
      const { levels } = await store.admit(claim)
      this.#admissions.learn(this.name, limits, levels)
    }
    this.#afterwards(limits === NONE ? () => store.admit(claim) : learn)
  }

  /** Throws an `ApiError` (429) for a claim that was refused. */
  #accept(admission: Admission, limits: LimitsOfKey, tokens = 0): void {
    const { refusedBy, availableInMs, levels, policy } = admission
    this.statePolicy = policy ?? this.statePolicy
    this.#admissions.learn(this.name, limits, levels)
    if (refusedBy !== undefined) throw this.#refuse(refusedBy, availableInMs, levels, tokens)
    this.headers = limitHeaders(levels, limits)
  }

  /** The error (429) for a request beyond a limit, which is remembered. */
  #refuse(by: LimitName, wait: number, levels: Levels | undefined, tokens = 0): Error {
    const limits = this.#limits ?? NONE
    this.limitHit = by
    // What was refused counts as nothing, and is not asked for again.
    this.#isCounted = true
    if (levels !== undefined) this.headers = limitHeaders(levels, limits)
    return limitReached(by, limits, wait, tokens)
  }

  /** What is left, where that is known in this process. */
  #levels(): Levels | undefined {
    const { store } = this.#admissions
    if (store.isLocal !== true) return undefined
    const levels = store.levels(this.name, this.#limits ?? NONE)
    return levels instanceof Promise ? undefined : levels
  }
}

const NONE: LimitsOfKey = {}

function amount(count: number): number {
  return Number.isFinite(count) ? Math.max(0, count) : 0
}
