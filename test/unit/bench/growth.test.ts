import { describe, expect, test } from 'vitest'
import { candidates } from '../../../bench/candidates.ts'
import { exponent, figureName, growthOf, growthTables } from '../../../bench/growth.ts'
import { Samples } from '../../../bench/samples.ts'

const points = (cost: (size: number) => number, sizes = [10, 100, 1_000]) =>
  sizes.map((size) => [size, cost(size)] as const)

describe('how a cost grows', () => {
  test.each([
    ['the square', (size: number) => size ** 2, 2],
    ['the size', (size: number) => 3 * size, 1],
    ['nothing', () => 7, 0],
  ])('is told by its exponent, with %s', (_name, cost, expected) => {
    expect(exponent(points(cost))).toBeCloseTo(expected)
  })

  test('is flat where the largest costs at most a quarter more', () => {
    expect(growthOf(points((size) => 100 + size / 50))).toBe('flat')
    expect(growthOf(points((size) => 100 / size))).toBe('flat')
    expect(growthOf(points((size) => size))).toBe('n^1.00, 100 ×')
  })

  test('counts from a size of nothing, which has no logarithm', () => {
    expect(
      growthOf([
        [0, 1],
        [1, 2],
        [20, 6],
      ]),
    ).toBe('n^0.37, 6.00 ×')
  })

  test('is unknown from a single figure, and of a cost of nothing', () => {
    expect(growthOf([[10, 5]])).toBe('–')
    expect(
      growthOf([
        [10, Number.NaN],
        [100, 5],
      ]),
    ).toBe('–')
    expect(
      growthOf([
        [10, 0],
        [100, 5],
      ]),
    ).toBe('–')
  })
})

test('the tables have a line for each cost that was measured', () => {
  const samples = new Samples()
  for (const [at, size] of [10, 100, 1_000, 10_000].entries()) {
    samples.record(0, 'sluice-bun', { [figureName('keys', 'first', size)]: 100 * 2 ** at })
    samples.record(1, 'sluice-bun', { [figureName('keys', 'first', size)]: 300 * 2 ** at })
  }
  const [text, ...others] = growthTables(samples, candidates)
  expect(others).toEqual([])
  const [row] = text?.split('\n').filter((line) => line.startsWith('| sluice-bun')) ?? []
  expect(row?.split('|').map((cell) => cell.trim())).toEqual([
    '',
    'sluice-bun: to the first token, µs',
    ...['200', '400', '800', '1600', 'n^0.30, 8.00 ×'],
    '',
  ])
})
