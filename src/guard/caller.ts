import type { Key } from '../settings/keys.ts'
import { namesModel } from '../settings/patterns.ts'
import type { BucketLevel, LimitStore } from '../state/limit-store.ts'
import { inBackground } from '../util/background.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { AnswerLengths } from './answer-lengths.ts'

/** What a request will probably use. */
export interface ExpectedUse {
  /**
   * An estimate of its prompt's tokens. Called only for a caller with a limit on tokens; `bucket`: those
   * of a minute.
   */
  promptTokens(bucket: number): number
  /** The number of answers; 0 if nothing is generated. */
  answers: number
  /** The most tokens of each answer; Infinity if there is no limit. */
  answerMost(): number
}

/** What a request used. */
export interface TokenUse {
  /** All of its tokens. */
  total: number
  /** Those of its answers. */
  answer: number
  /** Whether the answers ended by themselves, so that a short one says something of the next. */
  isWhole: boolean
}

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
  meter?: TokenMeter
  /** Called once when the request has ended. `used`: the counted tokens; undefined if none were used. */
  end(used?: TokenUse): void
}

/** A limit of a caller: requests or tokens of a minute, or how many requests run at once. */
type LimitName = 'requests' | 'tokens' | 'concurrency' | 'background'

/** Runs work for which the response does not wait. */
export type Afterwards = (act: () => unknown) => void

const NO_PERMIT: Permit = { end() {} }

/**
 * The largest part of the tokens of a minute that is reserved for answers: clients ask for far more than
 * they get, and one request must not keep all others out.
 */
const ANSWER_SHARE = 1 / 4

/**
 * The least part that is reserved for an answer that may be longer: callers whose answers were short could
 * otherwise begin any number of long ones at once. A large limit is not split into 64 parts: who may use
 * millions of tokens a minute may well have hundreds of short answers at once.
 */
const LEAST = { share: 1 / 64, tokens: 512 }

/**
 * What is taken for an answer before a caller has had any: most are shorter, and a quarter of a minute's
 * tokens for each would refuse the fifth request of those that begin at once.
 */
const FIRST_GUESS = 4_096

/** Of the callers of each store, so that they are kept when settings are read again. */
const answerLengths = new WeakMap<LimitStore, AnswerLengths>()

/** The name and limits of a caller: those of an API key, or of an identity from `authenticate`. */
export type CallerLimits = Pick<
  Key,
  | 'name'
  | 'admin'
  | 'metrics'
  | 'models'
  | 'resumable'
  | 'maxConcurrency'
  | 'requestsPerMinute'
  | 'tokensPerMinute'
>

/** Who sends a request, and what is left of their limits. */
export class Caller {
  /** The key's name; empty if no key is required. */
  readonly name: string
  /** Whether they may see what belongs to every caller: the engines, their errors, and the runtime. */
  readonly isAdmin: boolean
  /** Whether they may read the metrics, and nothing else. */
  readonly isScraper: boolean
  /** The limit for which the request was refused. */
  limitHit: LimitName | undefined
  /** Response headers with the limits and what is left of them. */
  readonly headers: Record<string, string> = {}
  readonly #key: CallerLimits | undefined
  readonly #store: LimitStore
  /** The counter in which this request holds one of the key's concurrency slots. */
  #heldSlot: string | undefined

  readonly #afterwards: Afterwards

  constructor(
    key: CallerLimits | undefined,
    store: LimitStore,
    afterwards: Afterwards = (act) => void inBackground(act),
    isAdmin = key?.admin === true,
  ) {
    this.isAdmin = isAdmin
    this.isScraper = key?.metrics === true
    this.#afterwards = afterwards
    this.name = key?.name ?? ''
    this.#key = key
    this.#store = store
  }

  /** Undefined where there are no keys. */
  get limits(): CallerLimits | undefined {
    return this.#key
  }

  /** Counts a request. Rejects with an `ApiError` (429). */
  async countRequest(): Promise<void> {
    const limit = this.#key?.requestsPerMinute
    if (limit !== undefined) await this.#reserve('requests', 1, limit)
  }

  /** Whether the key may use a model with this name; undefined if it may use all models. */
  get mayUseModel(): ((model: string) => boolean) | undefined {
    const { models } = this.#key ?? {}
    if (models === undefined || models.includes('*')) return undefined
    return (model) => namesModel(models, model)
  }

  /**
   * Acquires one of the key's concurrency slots. Called before the body is read, so that reading and
   * parsing are limited too. Rejects with an `ApiError` (429).
   */
  async acquireSlot(): Promise<void> {
    const { name, maxConcurrency } = this.#key ?? {}
    if (name === undefined || maxConcurrency === undefined || this.#heldSlot) return
    if (!(await this.#store.acquire(name, maxConcurrency))) {
      throw this.#limitReached('concurrency', `${maxConcurrency} concurrent requests`, 1_000)
    }
    this.#heldSlot = name
  }

  /**
   * Exchanges the slot for one of those that the key has for responses in the background: as many
   * again, because a response that waits for minutes behind other requests must not keep its key from
   * sending these. Rejects with an `ApiError` (429).
   */
  async moveToBackground(): Promise<void> {
    const { name, maxConcurrency } = this.#key ?? {}
    if (name === undefined || maxConcurrency === undefined) return
    // No name contains a space.
    const counter = `${name} background`
    if (!(await this.#store.acquire(counter, maxConcurrency))) {
      const limit = `${maxConcurrency} concurrent responses in the background`
      throw this.#limitReached('background', limit, 1_000)
    }
    const hasEnded = this.#heldSlot === undefined
    this.releaseSlot()
    this.#heldSlot = counter
    if (hasEnded) this.releaseSlot()
  }

  /** Releases the slot, once; calling it again has no effect. */
  releaseSlot(): void {
    const held = this.#heldSlot
    if (held === undefined) return
    this.#heldSlot = undefined
    this.#afterwards(() => this.#store.release(held))
  }

  /** Permits a parsed request to use an engine. Rejects with an `ApiError` (429). */
  async permit(expected: ExpectedUse): Promise<Permit> {
    const key = this.#key
    if (key === undefined) return NO_PERMIT
    const { tokensPerMinute: limit } = key
    if (limit === undefined) return { end: () => this.releaseSlot() }
    const reserved = this.#reservation(expected, limit)
    await this.#reserve('tokens', reserved, limit)
    let taken = reserved
    let hasEnded = false
    const take = (total: number) => {
      if (hasEnded || !Number.isFinite(total)) return
      this.#settle(total - taken, limit)
      taken = total
    }
    const remember = ({ answer, isWhole }: TokenUse) => {
      if (expected.answers === 0 || !Number.isFinite(answer)) return
      const usual = Math.min(this.#recentAnswer, limit * ANSWER_SHARE)
      const isShortened = !isWhole || expected.answerMost() <= usual
      this.#answerLengths.add(this.name, answer / expected.answers, isShortened)
    }
    return {
      meter: {
        reserved,
        advance(used) {
          if (hasEnded) return
          remember(used)
          if (used.total > taken) take(used.total)
        },
      },
      end: (used) => {
        this.releaseSlot()
        if (!hasEnded && used !== undefined) remember(used)
        take(used?.total ?? 0)
        hasEnded = true
      },
    }
  }

  /**
   * The estimate for the prompt, and for each answer the least of what was asked for, what the model can
   * write, and what this caller's answers had lately; at most a quarter of a minute's tokens in all.
   */
  #reservation({ promptTokens, answers, answerMost }: ExpectedUse, limit: number): number {
    const least = Math.min(LEAST.tokens, Math.floor(limit * LEAST.share))
    const recent = Math.max(this.#recentAnswer, least)
    const each = answers > 0 ? Math.ceil(Math.min(answerMost(), recent)) : 0
    const share = Math.min(each * Math.max(1, answers), Math.floor(limit * ANSWER_SHARE))
    const tokens = promptTokens(limit) + share
    return Number.isFinite(tokens) && tokens >= 0 ? tokens : limit
  }

  /** Tokens of one of this caller's answers lately; a guess before the first. */
  get #recentAnswer(): number {
    return this.#answerLengths.recent(this.name) ?? FIRST_GUESS
  }

  get #answerLengths(): AnswerLengths {
    let lengths = answerLengths.get(this.#store)
    if (lengths === undefined) {
      lengths = new AnswerLengths()
      answerLengths.set(this.#store, lengths)
    }
    return lengths
  }

  #settle(amount: number, limit: number): void {
    if (amount === 0) return
    this.#afterwards(() => this.#store.settle(`${this.name} tokens`, amount, limit))
  }

  async #reserve(what: 'requests' | 'tokens', amount: number, limit: number): Promise<void> {
    const level = await this.#store.take(`${this.name} ${what}`, amount, limit)
    this.#setHeaders(what, limit, level)
    if (level.taken) return
    const asked = what === 'tokens' ? `, and this request needs about ${amount}` : ''
    throw this.#limitReached(what, `${limit} ${what} per minute${asked}`, level.availableInMs)
  }

  /** The error (429) for a request beyond a limit, which is remembered. */
  #limitReached(name: LimitName, limit: string, waitMs: number): ApiError {
    this.limitHit = name
    return limitReached(limit, waitMs)
  }

  #setHeaders(what: string, limit: number, { remaining, fullInMs }: BucketLevel): void {
    // A store of the program's own may compute anything.
    if (!Number.isFinite(remaining) || !Number.isFinite(fullInMs)) return
    this.headers[`x-ratelimit-limit-${what}`] = String(limit)
    this.headers[`x-ratelimit-remaining-${what}`] = String(remaining)
    this.headers[`x-ratelimit-reset-${what}`] = formatReset(fullInMs)
  }
}

/** A duration as OpenAI formats it: `1s`, `6m0s`, `120ms`. */
export function formatReset(milliseconds: number): string {
  const whole = Math.ceil(milliseconds)
  if (whole < 1_000) return `${whole}ms`
  const seconds = Math.ceil(whole / 1_000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}

function limitReached(limit: string, waitMs: number): ApiError {
  const wait = Number.isFinite(waitMs) ? Math.max(1, Math.ceil(waitMs)) : 1_000
  const message = `You have reached your limit of ${limit}. Retry in ${formatReset(wait)}.`
  return new ApiError(429, message, {
    code: 'rate_limit_exceeded',
    headers: { 'retry-after': String(Math.ceil(wait / 1_000)), 'retry-after-ms': String(wait) },
  })
}
