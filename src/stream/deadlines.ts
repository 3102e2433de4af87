import { ApiError } from '../wire/errors.ts'

/**
 * Whom an answer waits for: the engine to answer at all, its first token, its next one, or the
 * client to read what was written.
 */
export type Phase = 'answer' | 'first' | 'token' | 'client'

/** Milliseconds each phase may last. */
export interface Limits {
  answerTimeout: number
  firstTokenTimeout: number
  tokenTimeout: number
  clientTimeout: number
}

/** The clock of one answer: which phase it is in, and since when. */
export class Deadlines {
  phase: Phase = 'answer'
  readonly #limits: Limits
  #since = performance.now()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  enter(phase: Phase): void {
    this.phase = phase
    this.#since = performance.now()
  }

  /** Undefined while there is time. `label` is the engine's. */
  overdue(now: number, label: string): ApiError | 'client' | undefined {
    const waited = now - this.#since
    const limits = this.#limits
    switch (this.phase) {
      case 'answer':
        if (waited < limits.answerTimeout) return undefined
        return late(label, 'did not answer', limits.answerTimeout, 'answer')
      case 'first':
        if (waited < limits.firstTokenTimeout) return undefined
        return late(label, 'sent no token', limits.firstTokenTimeout, 'first-token')
      case 'token':
        if (waited < limits.tokenTimeout) return undefined
        return late(label, 'paused between tokens', limits.tokenTimeout, 'token')
      case 'client':
        return waited < limits.clientTimeout ? undefined : 'client'
    }
  }
}

function late(label: string, did: string, limit: number, name: string): ApiError {
  const message = `${label} ${did} for ${limit / 1000} s; --${name}-timeout allows no more.`
  return new ApiError(504, message, { code: `${name.replace('-', '_')}_timeout` })
}
