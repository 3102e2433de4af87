import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { histogram, sparkline } from '../../../src/cli/sparkline.ts'

const gaps = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { maxLength: 300 })

describe('a sparkline', () => {
  it('draws each value from nothing to the largest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 20)).toBe('▁▂▃▄▅▆▇█')
    expect(sparkline([5, 5], 20)).toBe('██')
    expect(sparkline([0, 0], 20)).toBe('▁▁')
    expect(sparkline([], 20)).toBe('')
    expect(sparkline([1, 2], 0)).toBe('')
    expect(sparkline([Number.NaN, -1, 7], 9)).toBe('▁▁█')
  })

  it('keeps a single pause, however many values share its bar', () => {
    const values = new Array<number>(1_000).fill(1)
    values[537] = 100
    expect(sparkline(values, 10)).toBe('▁▁▁▁▁█▁▁▁▁')
  })

  it('is never wider than it may be, and always shows the largest', () => {
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 80 }), (values, width) => {
        const line = sparkline(values, width)
        expect(line).toHaveLength(Math.min(values.length, width))
        expect(line.includes('█')).toBe(values.some((value) => value > 0))
      }),
    )
  })

  it('draws more values than a call may have arguments', () => {
    expect(sparkline(new Array<number>(500_000).fill(3), 4)).toBe('████')
  })
})

describe('a histogram', () => {
  it('has a row for each range between the smallest and the largest gap', () => {
    expect(histogram([0.4, 3, 4, 4.9, 12, 700, 20_000], 30)).toEqual([
      '    < 1 ms 1 ██████',
      '    1–2 ms 0',
      '    2–5 ms 3 █████████████████',
      '   5–10 ms 0',
      '  10–20 ms 1 ██████',
      '  20–50 ms 0',
      ' 50–100 ms 0',
      '100–200 ms 0',
      '200–500 ms 0',
      '500 ms–1 s 1 ██████',
      '     1–2 s 0',
      '     2–5 s 0',
      '    5–10 s 0',
      '    ≥ 10 s 1 ██████',
    ])
    expect(histogram([], 30)).toEqual([])
  })

  it('counts every gap once, and fits', () => {
    fc.assert(
      fc.property(gaps, fc.integer({ min: 20, max: 80 }), (values, width) => {
        const rows = histogram(values, width)
        const counts = rows.map((row) => Number(/ (\d+)(?: █+)?$/.exec(row)?.[1]))
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
        for (const row of rows) expect(row.length).toBeLessThanOrEqual(width)
      }),
    )
  })
})
