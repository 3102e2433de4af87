import type { Outcome } from './outcome.ts'

/** Writes a streamed answer to its client. */
export interface StreamWriter {
  /**
   * Called on every tick, unless a timeout has passed. Returns the milliseconds until its next
   * heartbeat; undefined where that is not known.
   */
  tick(now: number): number | undefined
  /** Called once, with the outcome. */
  stop(outcome: Outcome): void
}
