import type { Runs } from './runs.ts'

/** How an answer can be resumed. */
export interface Resume {
  runs: Runs
  owner: string
  /** Whether its events have their numbers. */
  hasIds: boolean
  /** Aborts when the client hangs up, on hosts that notice it. */
  client: AbortSignal
  /** The same for the exchange, until it is detached. */
  attached: { signal: AbortSignal }
  /** From now on the exchange goes on without its client. */
  detach(): void
}
