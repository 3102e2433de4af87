import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MAX_GAPS, TokenMarks } from '../../../../src/telemetry/activity/token-marks.ts'

it('keeps the last gaps, and finds those that a reader does not have', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 10_000 }), { maxLength: 100 }),
      fc.nat({ max: 110 }),
      (gaps, known) => {
        const marks = new TokenMarks()
        for (const gap of [undefined, ...gaps]) marks.add(gap, 0, 0)
        expect(marks.count).toBe(gaps.length)
        expect(marks.since(known)).toEqual(gaps.slice(known).slice(-MAX_GAPS))
      },
    ),
  )
})

it('rounds gaps to a tenth of a millisecond', () => {
  const marks = new TokenMarks()
  marks.add(1.2345, 0, 0)
  expect(marks.since(0)).toEqual([1.2])
})

it('counts the tokens of the last second, to a tenth of a second', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.double({ min: 0, max: 400, noNaN: true }), fc.integer({ min: 1, max: 5 })),
        {
          minLength: 1,
          maxLength: 300,
        },
      ),
      fc.double({ min: 0, max: 3_000, noNaN: true }),
      (steps, after) => {
        const marks = new TokenMarks()
        const came = [{ at: 5_000, tokens: 1 }]
        let now = 5_000
        let total = 1
        marks.add(undefined, now, 0)
        for (const [pause, tokens] of steps) {
          now += pause
          marks.add(pause, now, total)
          total += tokens
          came.push({ at: now, tokens })
        }
        const end = now + after
        const within = (ms: number) =>
          came.reduce((sum, { at, tokens }) => sum + (end - at < ms ? tokens : 0), 0)
        const rate = marks.rate(total, end)
        expect(rate).toBeLessThanOrEqual(within(1_000))
        expect(rate).toBeGreaterThanOrEqual(within(900))
      },
    ),
  )
})

it('forgets the tokens of an attempt that failed', () => {
  const marks = new TokenMarks()
  marks.add(undefined, 1_000, 0)
  marks.restart()
  expect(marks.rate(0, 1_001)).toBe(0)
  marks.add(undefined, 1_010, 0)
  expect(marks.rate(3, 1_020)).toBe(3)
})
