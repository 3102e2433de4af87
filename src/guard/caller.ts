import { namesModel } from '../settings/patterns.ts'
import type {
  Admission,
  Claim,
  HeldPermit,
  Levels,
  LimitName,
  LimitsOfKey,
  SlotKind,
} from '../state/limits.ts'
import { inBackground } from '../util/background.ts'
import type { Admissions } from './admissions.ts'
import { limitHeaders, limitReached } from './limit-reached.ts'
import { type CallerLimits, limitsOf, limitsRequests, withoutQuotas } from './limits-of-key.ts'
import { type Afterwards, LimitedPermit, type Permit } from './permit.ts'
import { type ExpectedUse, Reservation, type TokenUse, tokenLimit } from './reservation.ts'

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
  /** Whether it counts as one whose body is read, and that is not counted yet. */
  #isReading = false
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

  /** Whether it may offer the GPU of a browser's tab, and nothing else. */
  get isOffering(): boolean {
    return this.#key?.offers === true
  }

  /** False where no browser's tab may answer its requests. */
  get tabs(): boolean {
    return this.#key?.tabs !== false
  }

  /** Whether the key may use a model with this name; undefined if it may use all models. */
  get mayUseModel(): ((model: string) => boolean) | undefined {
    const { models } = this.#key ?? {}
    if (models === undefined || models.includes('*')) return undefined
    return (model) => namesModel(models, model)
  }

  /**
   * Throws an `ApiError` (429) where this process knows that the key has nothing left. `needsTokens`:
   * whether the request is for an engine. `checked`: those of the limits that may refuse it.
   */
  requireLeft(needsTokens: boolean, checked = this.#limits): void {
    const limits = this.#limits
    if (limits === undefined) return
    const known = this.#admissions.refusal(this.name, limits, needsTokens, checked)
    if (known !== undefined) throw this.#refuse(known.by, known.wait, known.levels)
  }

  /**
   * Counts a request that asks no engine. Rejects with an `ApiError` (429, 503). `isBeyondQuotas`: whether no
   * quota of a day or month may refuse it.
   */
  async countRequest(isBeyondQuotas = false): Promise<void> {
    const limits = this.#limits
    const checked = isBeyondQuotas && limits ? withoutQuotas(limits) : limits
    this.requireLeft(false, checked)
    await this.count(checked)
  }

  /** Counts the request, unless it was counted or refused. Rejects with an `ApiError` (429, 503). */
  async count(checked = this.#limits): Promise<void> {
    const limits = this.#limits
    if (limits === undefined || this.#isCounted) return this.#countAfterwards()
    this.#isCounted = true
    const claim = { key: this.name, limits: checked ?? limits, requests: 1, tokens: 0 } as const
    this.#accept(await this.#admissions.store.admit(claim), limits)
  }

  /**
   * Called before the body is read, so that reading and parsing are limited too: throws, or rejects with, an
   * `ApiError` (429) where as many requests of the key are read or run in this process as it has slots, or where
   * those that are read use up what is left to it.
   */
  enter(): void | Promise<void> {
    const limits = this.#limits
    if (limits === undefined) return
    this.#takePlace(limits.maxConcurrency)
    if (this.#isCounted || this.#isReading || !limitsRequests(limits)) return
    const levels = this.#admissions.levelsForBody(this.name, limits)
    if (levels instanceof Promise) return levels.then((told) => this.#beginBody(limits, told))
    this.#beginBody(limits, levels)
  }

  #takePlace(most: number | undefined): void {
    if (most === undefined || this.#isInside) return
    this.#isInside = this.#admissions.enter(this.name, most)
    if (!this.#isInside) throw this.#refuse('concurrency', 1_000, this.#levels())
  }

  #beginBody(limits: LimitsOfKey, levels: Levels | undefined): void {
    if (this.#hasLeft) return
    const found = this.#admissions.bodies.begin(this.name, limits, levels)
    if (found !== undefined) throw this.#refuse(found.by, found.wait, found.levels)
    this.#isReading = true
  }

  #endBody(): void {
    if (this.#isReading) this.#admissions.bodies.end(this.name)
    this.#isReading = false
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
    const measuring = charged && expected.measure?.()
    if (measuring) await measuring
    const tokens = charged ? charged.reservation.tokens(expected) : 0
    const held: HeldPermit = { id: admissions.newId(), key: name, slot, limits, tokens }
    const requests = this.#isCounted ? 0 : 1
    this.#isCounted = true
    const permit = { id: held.id, slot }
    try {
      const admission = await this.#ask({ key: name, limits, requests, tokens, permit })
      this.#accept(admission, limits, tokens)
    } finally {
      this.#endBody()
    }
    if (slot === 'background') this.#exit()
    const exit = () => this.#exit()
    return new LimitedPermit(held, admissions, this.#afterwards, exit, charged || undefined)
  }

  /**
   * Asks a shared store once more for a slot: an answer's last bytes may reach a client before its end reaches the
   * store, and the client's next request comes at once.
   */
  async #ask(claim: Claim): Promise<Admission> {
    const { store } = this.#admissions
    const admission = await store.admit(claim)
    const { refusedBy } = admission
    const isSlot = refusedBy === 'concurrency' || refusedBy === 'background'
    if (!isSlot || store.isLocal || this.#hasLeft) return admission
    await new Promise((resolve) => setTimeout(resolve, SLOT_PAUSE))
    return store.admit(claim)
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
    this.#endBody()
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

/** Milliseconds after which a shared store is asked again for a slot. */
const SLOT_PAUSE = 50

function amount(count: number): number {
  return Number.isFinite(count) ? Math.max(0, count) : 0
}
