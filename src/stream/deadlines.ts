import { ApiError } from '../wire/errors.ts'

/** What an engine is waited for: to answer at all, its first token, its next one. */
export type Phase = 'answer' | 'first' | 'token'

/** Milliseconds each wait may last. */
export interface Limits {
  answerTimeout: number
  firstTokenTimeout: number
  tokenTimeout: number
  clientTimeout: number
}

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

  /** Who is too late: the engine with an `ApiError`, or the client. `label` is the engine's. */
  overdue(now: number, label: string): ApiError | 'client' | undefined {
    const { answerTimeout, firstTokenTimeout, tokenTimeout, clientTimeout } = this.#limits
    const waited = now - this.#since
    if (this.#waitsForClient) return waited < clientTimeout ? undefined : 'client'
    const [did, limit, name] = {
      answer: ['did not answer', answerTimeout, 'answer'],
      first: ['sent no token', firstTokenTimeout, 'first-token'],
      token: ['paused between tokens', tokenTimeout, 'token'],
    }[this.#phase] as [string, number, string]
    return this.#spent + waited < limit ? undefined : late(label, did, limit, name)
  }
}

function late(label: string, did: string, limit: number, name: string): ApiError {
  const message = `${label} ${did} for ${limit / 1000} s; --${name}-timeout allows no more.`
  return new ApiError(504, message, { code: `${name.replace('-', '_')}_timeout` })
}
