import { describe, expect, test } from 'vitest'
import { added, meanRatio, median, quantile, ratio, summarize } from '../../../bench/stats.ts'

describe('quantile', () => {
  test('is a sample, by the nearest rank, whatever their order', () => {
    const samples = [40, 10, 30, 20, 50]
    expect(quantile(samples, 0.5)).toBe(30)
    expect(quantile(samples, 0.99)).toBe(50)
    expect(quantile(samples, 0.2)).toBe(10)
    expect(quantile(samples, 0)).toBe(10)
    expect(samples).toEqual([40, 10, 30, 20, 50])
  })

  test('orders numbers as numbers', () => {
    expect(quantile([9, 10, 100], 1)).toBe(100)
  })

  test('of nothing is no number', () => {
    expect(quantile([], 0.5)).toBeNaN()
  })
})

describe('median', () => {
  test('lies between the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([3, 1, 2])).toBe(2)
    expect(median([])).toBeNaN()
  })
})

test('a figure leaves out rounds that measured nothing', () => {
  expect(summarize([3, Number.NaN, 1, 2])).toEqual({ median: 2, min: 1, max: 3, rounds: 3 })
  expect(summarize([Number.NaN]).rounds).toBe(0)
  expect(summarize([Number.NaN]).median).toBeNaN()
})

test('what never happened stays infinite', () => {
  const { median, max } = summarize([1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
  expect([median, max]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
})

test('a ratio to nothing is no number', () => {
  expect(ratio(6, 4)).toBe(1.5)
  expect(ratio(6, 0)).toBeNaN()
  expect(ratio(6, -1)).toBeNaN()
})

test('what is added is counted round by round', () => {
  expect(added([10, 20], [1, 5])).toEqual([9, 15])
  expect(added([10, 20], [1])).toEqual([9, Number.NaN])
})

describe('a mean ratio', () => {
  test('is the geometric one, so that twice and half cancel out', () => {
    const { mean, low, high } = meanRatio([2, 0.5, 2, 0.5])
    expect(mean).toBeCloseTo(1)
    expect(low * high).toBeCloseTo(1)
    expect(high).toBeGreaterThan(2)
  })

  test("has Student's interval of the logarithms", () => {
    // The logarithms are 0, 0.1 and 0.2: mean 0.1, deviation 0.1, quantile for two degrees 4.303.
    const { mean, low, high } = meanRatio([1, Math.exp(0.1), Math.exp(0.2)])
    const half = (4.303 * 0.1) / Math.sqrt(3)
    expect(Math.log(mean)).toBeCloseTo(0.1)
    expect(Math.log(low)).toBeCloseTo(0.1 - half)
    expect(Math.log(high)).toBeCloseTo(0.1 + half)
  })

  test('leaves out what was not measured, and of one pair says nothing', () => {
    expect(meanRatio([Number.NaN, 1, 1]).mean).toBeCloseTo(1)
    expect(meanRatio([Number.NaN, 1]).mean).toBeNaN()
  })
})
