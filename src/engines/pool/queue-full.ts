import { ApiError } from '../../wire/errors/api-error.ts'

/** Seconds a client is told to wait where nothing is known of how long a turn takes. */
const GUESS = 5

/** Seconds a turn took lately. */
export class MovingAverage {
  #seconds: number | undefined

  get seconds(): number {
    return this.#seconds ?? GUESS
  }

  learn(seconds: number): void {
    this.#seconds = this.#seconds === undefined ? seconds : this.#seconds * 0.7 + seconds * 0.3
  }
}

/**
 * The refusal of one who would be too many. `ahead` are served before him, `atOnce` at a time, each
 * of whom takes `average` seconds.
 */
export function tooMany(waiting: number, ahead: number, atOnce: number, average: number): ApiError {
  const seconds = Math.max(1, Math.ceil((ahead / atOnce) * average))
  const message = `The engine is busy and ${waiting} requests wait already; ask again in about ${seconds} s.`
  return new ApiError(503, message, {
    code: 'engine_busy',
    headers: { 'retry-after': String(seconds) },
  })
}
