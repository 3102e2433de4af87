import { ApiError } from '../wire/errors/api-error.ts'

/** What an engine is waited for: to answer at all, its first token, its next one. */
export type Phase = 'answer' | 'first' | 'token'

/** Milliseconds each wait may last. */
export interface Limits {
  answerTimeout: number
  firstTokenTimeout: number
  tokenTimeout: number
  clientTimeout: number
}

/** What an engine that is late did, the limit for it, and its setting's name. */
const PHASES = {
  answer: { did: 'did not answer', limit: 'answerTimeout', name: 'answer' },
  first: { did: 'sent no token', limit: 'firstTokenTimeout', name: 'first-token' },
  token: { did: 'paused between tokens', limit: 'tokenTimeout', name: 'token' },
} as const

/**
 * The clock of one answer; times are milliseconds of `performance.now()`. Only the time spent
 * waiting for the engine counts against the engine.
 */
export class Deadlines {
  readonly #limits: Limits
  #phase: Phase = 'answer'
  #waitsForClient = false
  #since = performance.now()
  /** What the phase had used up when the client was last waited for. */
  #spent = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** The engine made progress; what comes next has all of its time. */
  enter(phase: Phase, now: number): void {
    this.#phase = phase
    this.#spent = 0
    this.#since = now
  }

  /** From now on the client is waited for, to read. */
  waitForClient(now: number): void {
    if (this.#waitsForClient) return
    this.#spent += now - this.#since
    this.#since = now
    this.#waitsForClient = true
  }

  /** From now on the engine is waited for again, in the phase it was in. */
  waitForEngine(now: number): void {
    this.#since = now
    this.#waitsForClient = false
  }

  /** Milliseconds until somebody is too late, as things are. */
  left(now: number): number {
    const waited = now - this.#since
    if (this.#waitsForClient) return this.#limits.clientTimeout - waited
    return this.#limits[PHASES[this.#phase].limit] - this.#spent - waited
  }

  /** Who is too late: the engine with an `ApiError`, or the client. `label` is the engine's. */
  overdue(now: number, label: string): ApiError | 'client' | undefined {
    if (this.left(now) > 0) return undefined
    if (this.#waitsForClient) return 'client'
    const { did, limit, name } = PHASES[this.#phase]
    return late(label, did, this.#limits[limit], name)
  }
}

function late(label: string, did: string, limit: number, name: string): ApiError {
  const message = `${label} ${did} for ${limit / 1000} s; --${name}-timeout allows no more.`
  return new ApiError(504, message, { code: `${name.replace('-', '_')}_timeout` })
}
