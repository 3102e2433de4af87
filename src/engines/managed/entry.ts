import type { LoadProgress } from '../engine.ts'
import type { Clock } from './clock.ts'
import { startFailed, tookNoRequest } from './errors.ts'
import type { ManagedOptions } from './options.ts'
import { seconds } from './progress-text.ts'

/** A request that needs the server. */
export interface Entry {
  signal: AbortSignal
  model: string
  /** Called with what the server waits for, again and again; at the end with undefined. */
  onStart?: ((progress: LoadProgress | undefined) => void) | undefined
}

/** Milliseconds for the pause after a failure, and for processes that end slowly. */
const PAUSES = 120_000

/**
 * Limits how long a request waits, whatever happens: to what a server needs that is stopped, waits for
 * memory and for its port, and starts. A wake-up that was lost would let it wait for ever.
 */
export class WaitLimit {
  readonly #options: ManagedOptions
  readonly #clock: Clock
  readonly #longest: number
  readonly #deadline: number
  readonly cancel: () => void

  /** `wake` is called when the time is up, unless it was cancelled. */
  constructor(options: ManagedOptions, clock: Clock, wake: () => void) {
    this.#options = options
    this.#clock = clock
    this.#longest = 2 * (options.startTimeout + options.stopTimeout) + PAUSES
    this.#deadline = clock.now() + this.#longest
    this.cancel = clock.after(this.#longest, wake)
  }

  /** Throws an `ApiError` (503) when the time is up. */
  check(): void {
    if (this.#clock.now() < this.#deadline) return
    throw startFailed(this.#options.label, tookNoRequest(seconds(this.#longest)), 0)
  }
}
