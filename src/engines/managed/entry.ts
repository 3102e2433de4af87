import type { LoadProgress } from '../engine.ts'

/** A request that needs the server. */
export interface Entry {
  signal: AbortSignal
  model: string
  /** Called with what the server waits for, again and again; at the end with undefined. */
  onStart?: ((progress: LoadProgress | undefined) => void) | undefined
}
