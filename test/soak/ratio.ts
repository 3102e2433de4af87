import { type Histogram, merged, quantileOf } from './histogram.ts'
import type { Random } from './random.ts'

/** The same figure of two phases that followed each other. */
export interface Pair {
  attacked: Histogram
  control: Histogram
}

export interface RatioInterval {
  ratio: number
  /** The ends of the interval that holds 95 of 100 ratios of resampled pairs. */
  low: number
  high: number
}

const RESAMPLES = 1_000

/**
 * The ratio of a quantile under attack to the same quantile of the control, over all phases. Whole
 * phases are resampled (a block bootstrap), because the gaps within a phase depend on each other.
 */
export function ratioOf(pairs: readonly Pair[], q: number, random: Random): RatioInterval {
  const ratios = Array.from({ length: RESAMPLES }, () =>
    one(
      pairs.map(() => random.pick(pairs)),
      q,
    ),
  )
  const sorted = ratios.filter(Number.isFinite).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  return { ratio: one(pairs, q), low: at(0.025), high: at(0.975) }
}

function one(pairs: readonly Pair[], q: number): number {
  const attacked = quantileOf(merged(pairs.map((pair) => pair.attacked)), q)
  return attacked / quantileOf(merged(pairs.map((pair) => pair.control)), q)
}
