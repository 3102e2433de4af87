import { describe, expect, it } from 'vitest'
import { addValue, countOf, emptyHistogram, merged, quantileOf } from '../../soak/histogram.ts'
import { seeded } from '../../soak/random.ts'
import { ratioOf } from '../../soak/ratio.ts'

function histogramOf(values: number[]) {
  const histogram = emptyHistogram()
  for (const value of values) addValue(histogram, value)
  return histogram
}

describe('a histogram', () => {
  const values = Array.from({ length: 1_000 }, (_, at) => at + 1)

  it('has quantiles that are right to 3 %', () => {
    const histogram = histogramOf(values)
    for (const q of [0.1, 0.5, 0.9, 0.99]) {
      const quantile = quantileOf(histogram, q)
      expect(Math.abs(quantile / (q * 1_000) - 1), `${q}`).toBeLessThan(0.03)
    }
    expect(quantileOf(histogram, 1)).toBeCloseTo(1_000, -2)
    expect(histogram.max).toBe(1_000)
  })

  it('merges', () => {
    const [low, high] = [values.slice(0, 500), values.slice(500)].map(histogramOf)
    if (!low || !high) throw new Error('There are two halves.')
    expect(merged([low, high])).toEqual(histogramOf(values))
    expect(countOf(merged([low, high]))).toBe(1_000)
  })

  it('has no quantile without values', () => {
    expect(quantileOf(emptyHistogram(), 0.5)).toBeNaN()
  })
})

describe('the ratio of two quantiles', () => {
  const pair = (times: number) => ({
    attacked: histogramOf([100 * times, 200 * times, 300 * times]),
    control: histogramOf([100, 200, 300]),
  })

  it('lies in its interval', () => {
    const { ratio, low, high } = ratioOf([1, 2, 3, 4, 5].map(pair), 0.99, seeded(1, 'test'))
    expect(ratio).toBeCloseTo(5, 1)
    expect(low).toBeLessThan(ratio)
    expect(high).toBeGreaterThanOrEqual(ratio)
  })

  it('is the same for the same seed', () => {
    const pairs = [1, 2, 3].map(pair)
    const [one, two] = [7, 7].map((seed) => ratioOf(pairs, 0.5, seeded(seed, 'test')))
    expect(one).toEqual(two)
  })

  it('is no number without samples', () => {
    expect(ratioOf([], 0.5, seeded(1, 'test')).ratio).toBeNaN()
  })
})
