/** Counts of values in buckets that are 3 % wide, so that minutes of samples fit into one message. */
export interface Histogram {
  /** How many values fell into each bucket, by the bucket's number. */
  counts: number[]
  max: number
}

const PER_OCTAVE = 24

export function emptyHistogram(): Histogram {
  return { counts: [], max: 0 }
}

/** Adds a value of at least 0, in any unit; whatever is below 1 counts as 1. */
export function addValue(histogram: Histogram, value: number): void {
  const bucket = Math.round(Math.log2(Math.max(1, value)) * PER_OCTAVE)
  const { counts } = histogram
  while (counts.length <= bucket) counts.push(0)
  counts[bucket] = (counts[bucket] ?? 0) + 1
  histogram.max = Math.max(histogram.max, value)
}

/** A histogram of all values of `histograms`. */
export function merged(histograms: readonly Histogram[]): Histogram {
  const all = emptyHistogram()
  for (const { counts, max } of histograms) {
    for (const [bucket, count] of counts.entries()) {
      while (all.counts.length <= bucket) all.counts.push(0)
      all.counts[bucket] = (all.counts[bucket] ?? 0) + count
    }
    all.max = Math.max(all.max, max)
  }
  return all
}

export function countOf({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/** The value below which the fraction `q` of the values lies; NaN without values. */
export function quantileOf(histogram: Histogram, q: number): number {
  const rank = Math.max(1, Math.ceil(q * countOf(histogram)))
  let seen = 0
  for (const [bucket, count] of histogram.counts.entries()) {
    seen += count
    if (seen >= rank) return Math.min(2 ** (bucket / PER_OCTAVE), histogram.max)
  }
  return Number.NaN
}
