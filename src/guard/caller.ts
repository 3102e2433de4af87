import type { Key } from '../settings/keys.ts'
import { namesModel } from '../settings/patterns.ts'
import type { BucketLevel, LimitStore } from '../state/limit-store.ts'
import { inBackground } from '../util/background.ts'
import { ApiError } from '../wire/errors/api-error.ts'

/** What a request will probably use. */
export interface ExpectedUse {
  /** An estimate of its prompt's tokens. */
  tokens(): number
}

/** Permission for one request, which holds a part of its caller's limits until it ends. */
export interface Permit {
  /** Called once when the request has ended. `tokens`: the counted tokens; undefined if none were used. */
  end(tokens: number | undefined): void
}

/** Runs work for which the response does not wait. */
export type Afterwards = (act: () => unknown) => void

const NO_PERMIT: Permit = { end() {} }

/** The name and limits of a caller: those of an API key, or of an identity from `authenticate`. */
export type CallerLimits = Pick<
  Key,
  'name' | 'admin' | 'models' | 'maxConcurrency' | 'requestsPerMinute' | 'tokensPerMinute'
>

/** Who sends a request, and what is left of their limits. */
export class Caller {
  /** The key's name; empty if no key is required. */
  readonly name: string
  /** Whether they may see what belongs to every caller: engine details, others' requests, metrics. */
  readonly isAdmin: boolean
  /** Response headers with the limits and what is left of them. */
  readonly headers: Record<string, string> = {}
  readonly #key: CallerLimits | undefined
  readonly #store: LimitStore
  /** Whether this request holds one of the key's concurrency slots. */
  #holdsSlot = false

  readonly #afterwards: Afterwards

  constructor(
    key: CallerLimits | undefined,
    store: LimitStore,
    afterwards: Afterwards = (act) => void inBackground(act),
    isAdmin = key?.admin === true,
  ) {
    this.isAdmin = isAdmin
    this.#afterwards = afterwards
    this.name = key?.name ?? ''
    this.#key = key
    this.#store = store
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
    if (name === undefined || maxConcurrency === undefined || this.#holdsSlot) return
    if (!(await this.#store.acquire(name, maxConcurrency))) {
      throw limitReached(`${maxConcurrency} concurrent requests`, 1_000)
    }
    this.#holdsSlot = true
  }

  /** Releases the slot, once; calling it again has no effect. */
  releaseSlot(): void {
    if (!this.#holdsSlot) return
    this.#holdsSlot = false
    this.#afterwards(() => this.#store.release(this.name))
  }

  /** Permits a parsed request to use an engine. Rejects with an `ApiError` (429). */
  async permit({ tokens }: ExpectedUse): Promise<Permit> {
    const key = this.#key
    if (key === undefined) return NO_PERMIT
    const { tokensPerMinute } = key
    const reserved = tokensPerMinute === undefined ? 0 : tokens()
    if (tokensPerMinute !== undefined) await this.#reserve('tokens', reserved, tokensPerMinute)
    return {
      end: (used) => {
        this.releaseSlot()
        this.#settle((used ?? 0) - reserved)
      },
    }
  }

  #settle(amount: number): void {
    const limit = this.#key?.tokensPerMinute
    if (limit === undefined) return
    this.#afterwards(() => this.#store.settle(`${this.name} tokens`, amount, limit))
  }

  async #reserve(what: 'requests' | 'tokens', amount: number, limit: number): Promise<void> {
    const level = await this.#store.take(`${this.name} ${what}`, amount, limit)
    this.#setHeaders(what, limit, level)
    if (level.taken) return
    const asked = what === 'tokens' ? `, and this request needs about ${amount}` : ''
    throw limitReached(`${limit} ${what} per minute${asked}`, level.availableInMs)
  }

  #setHeaders(what: string, limit: number, { remaining, fullInMs }: BucketLevel): void {
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
  const wait = Math.max(1, Math.ceil(waitMs))
  const message = `You have reached your limit of ${limit}. Retry in ${formatReset(wait)}.`
  return new ApiError(429, message, {
    code: 'rate_limit_exceeded',
    headers: { 'retry-after': String(Math.ceil(wait / 1_000)), 'retry-after-ms': String(wait) },
  })
}
