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

/** The middle of an interval that holds the true value in 95 of 100 runs, and its ends. */
export interface Interval {
  mean: number
  low: number
  high: number
}

/**
 * The median with its 95 % confidence interval by the ranks of the values, which a few disturbed ones do not
 * widen. For 10 values and more.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b)
  const { length } = sorted
  const reach = 0.98 * Math.sqrt(length)
  const at = (rank: number) => sorted[Math.min(length - 1, Math.max(0, Math.round(rank)))]
  const [low = Number.NaN, high = Number.NaN] = [at(length / 2 - reach - 1), at(length / 2 + reach)]
  return { mean: median(sorted), low, high }
}

/** Two-sided 95 % quantiles of Student's t for 1, 2, 3 … degrees of freedom; beyond them the normal one. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]

/**
 * The geometric mean of ratios that were measured in pairs, with its 95 % confidence interval. NaN
 * where fewer than two pairs were measured: one says nothing of its own spread.
 */
export function meanRatio(ratios: readonly number[]): Interval {
  const logs = ratios.filter((each) => each > 0 && Number.isFinite(each)).map(Math.log)
  const { length } = logs
  if (length < 2) return { mean: Number.NaN, low: Number.NaN, high: Number.NaN }
  const mean = logs.reduce((sum, each) => sum + each, 0) / length
  const variance = logs.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (length - 1)
  const half = (STUDENT[length - 2] ?? 2.1) * Math.sqrt(variance / length)
  return { mean: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) }
}
