import type { Lifecycle } from './lifecycle.ts'

/** Seconds between two texts about the same start. */
const STEP = 5

/** What a request waits for: `loading qwen (15 s)`. */
export function progressText(
  model: string,
  { state, since }: Pick<Lifecycle, 'state' | 'since'>,
  now: number,
): string {
  if (state === 'waiting') return 'waiting for memory'
  const steps = state === 'starting' ? Math.floor((now - since) / 1000 / STEP) : 0
  return steps === 0 ? `loading ${model}` : `loading ${model} (${steps * STEP} s)`
}

/** Milliseconds as seconds, with one digit after the point. */
export function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
