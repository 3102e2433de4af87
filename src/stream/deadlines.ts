import { ApiError } from '../wire/errors/api-error.ts'

/** What an exchange is waiting for: the engine's answer, its first token, or its next one. */
export type Phase = 'answer' | 'first' | 'token'

/** Timeouts in milliseconds. */
export interface StreamLimits {
  answerTimeout: number
  firstTokenTimeout: number
  tokenTimeout: number
  clientTimeout: number
  /** How long an engine may load the model, during which no other timeout runs; no limit by default. */
  loadTimeout?: number
}

/** Each phase's wording for an error, its limit, and the name of its flag. */
const PHASES = {
  answer: { did: 'did not answer', limit: 'answerTimeout', name: 'answer' },
  first: { did: 'sent no token', limit: 'firstTokenTimeout', name: 'first-token' },
  token: { did: 'sent no further token', limit: 'tokenTimeout', name: 'token' },
} as const

/**
 * The timeouts of one answer; times are milliseconds of `performance.now()`. The time that a slow
 * client takes to read does not count against the engine.
 */
export class Deadlines {
  readonly #limits: StreamLimits
  #phase: Phase = 'answer'
  #isWaitingForClient = false
  #since = performance.now()
  /** What the engine had used of the phase's timeout before something else was waited for. */
  #spent = 0
  /** Since when the engine is known to load the model; undefined while it is not. */
  #loadingSince: number | undefined
  /** How long it loaded it before that, in this phase. */
  #loaded = 0
  #isLoadLimited = true

  constructor(limits: StreamLimits) {
    this.#limits = limits
  }

  /** The engine made progress: a new phase begins, with its full timeout. */
  enterPhase(phase: Phase, now: number): void {
    this.#phase = phase
    this.#spent = 0
    this.#since = now
    this.#loadingSince = undefined
    this.#loaded = 0
  }

  /** Whether the engine is known to load the model. */
  get isLoading(): boolean {
    return this.#loadingSince !== undefined
  }

  /** The engine loads the model: stops the phase's clock. `isLimited`: whether by `loadTimeout`. */
  beginLoad(now: number, isLimited = true): void {
    this.#isLoadLimited = isLimited
    if (this.#loadingSince !== undefined) return
    if (!this.#isWaitingForClient) this.#spent += now - this.#since
    this.#loadingSince = now
  }

  /** The engine has loaded the model, or is not known to load it any more: the clock goes on. */
  endLoad(now: number): void {
    if (this.#loadingSince === undefined) return
    this.#loaded += now - this.#loadingSince
    this.#loadingSince = undefined
    if (!this.#isWaitingForClient) this.#since = now
  }

  /** The client has unread data: stops the engine's clock. */
  waitForClient(now: number): void {
    if (this.#isWaitingForClient) return
    if (this.#loadingSince === undefined) this.#spent += now - this.#since
    this.#since = now
    this.#isWaitingForClient = true
  }

  /** The client has read everything: the engine's clock goes on in the same phase. */
  waitForEngine(now: number): void {
    this.#since = now
    this.#isWaitingForClient = false
  }

  /** Milliseconds until the timeout that applies now. */
  remaining(now: number): number {
    const waited = now - this.#since
    if (this.#isWaitingForClient) return this.#limits.clientTimeout - waited
    if (this.#loadingSince !== undefined)
      return this.#loadTimeout - this.#loaded - (now - this.#loadingSince)
    return this.#limits[PHASES[this.#phase].limit] - this.#spent - waited
  }

  get #loadTimeout(): number {
    const { loadTimeout = Number.POSITIVE_INFINITY } = this.#limits
    return this.#isLoadLimited ? loadTimeout : Number.POSITIVE_INFINITY
  }

  /** An `ApiError` (504) if the engine's timeout has passed, or `client` if the client's has. */
  overdue(now: number, label: string): ApiError | 'client' | undefined {
    if (this.remaining(now) > 0) return undefined
    if (this.#isWaitingForClient) return 'client'
    if (this.isLoading)
      return timeoutError(label, 'did not load the model', this.#loadTimeout, 'load')
    const { did, limit, name } = PHASES[this.#phase]
    return timeoutError(label, did, this.#limits[limit], name)
  }
}

function timeoutError(label: string, did: string, limit: number, name: string): ApiError {
  const message = `${label} ${did} within ${limit / 1000} s, the limit set by --${name}-timeout. Raise it if the model needs longer.`
  return new ApiError(504, message, { code: `${name.replace('-', '_')}_timeout` })
}
