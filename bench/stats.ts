/** Figures from samples. Empty samples give NaN, never a number that looks measured. */

/** The value below which the fraction `q` of the samples lies, by the nearest rank. */
export function quantile(samples: ArrayLike<number>, q: number): number {
  if (samples.length === 0) return Number.NaN
  const sorted = Float64Array.from(samples).sort()
  const rank = Math.ceil(q * sorted.length) - 1
  return sorted[Math.min(Math.max(rank, 0), sorted.length - 1)] as number
}

/** The middle of the samples, or the mean of the two in the middle. */
export function median(samples: ArrayLike<number>): number {
  const { length } = samples
  if (length === 0) return Number.NaN
  const sorted = Float64Array.from(samples).sort()
  const upper = sorted[length >> 1] as number
  return length % 2 === 1 ? upper : ((sorted[(length >> 1) - 1] as number) + upper) / 2
}

/** What is known of one figure: a value a round. */
export interface Figure {
  median: number
  min: number
  max: number
  rounds: number
}

/** One value a round, as a figure; rounds that measured nothing (NaN) don't count. */
export function summarize(values: readonly number[]): Figure {
  const measured = values.filter((value) => !Number.isNaN(value))
  if (measured.length === 0) {
    return { median: Number.NaN, min: Number.NaN, max: Number.NaN, rounds: 0 }
  }
  return {
    median: median(measured),
    min: Math.min(...measured),
    max: Math.max(...measured),
    rounds: measured.length,
  }
}

/** `value` in terms of `base`; NaN where there is no base to speak of. */
export function ratio(value: number, base: number): number {
  return base > 0 ? value / base : Number.NaN
}

/** Each round's value less the same round's value of `base`. */
export function added(values: readonly number[], base: readonly number[]): number[] {
  return values.map((value, round) => value - (base[round] ?? Number.NaN))
}
