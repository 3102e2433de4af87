import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchedCalls, decodeBatch, encodeBatch } from '../../../../src/state/redis/run-batches.ts'
import { utf8Length } from '../../../../src/util/utf8-length.ts'

describe('a batch of events', () => {
  it('has the same events again, whatever is in them', () => {
    const frame = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom('', '\n', '3\n', '1,2\nab', 'data: é€😀\u0000\u2028\r\n\n'),
    )
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 30 }), (frames) => {
        expect(decodeBatch(encodeBatch(frames))).toEqual(frames)
      }),
      { seed: 1 },
    )
  })

  it.each(['', '\n', 'abc', '3\nab', '3\nabcd', '-1\n', '1,\na', ' 1\na', '1e0\na'])(
    'is told from %j, which is none',
    (text) => {
      expect(() => decodeBatch(text)).toThrow(TypeError)
    },
  )

  it('and a call with some stay below their bytes, unless a single event has more', () => {
    const length = fc.oneof(fc.nat(50), fc.nat(9_000), fc.constantFrom(20_000, 300_000))
    fc.assert(
      fc.property(fc.array(length, { maxLength: 120 }), (lengths) => {
        const frames = lengths.map((size, at) => `${at % 10}${'é'.repeat(size)}`)
        const calls = batchedCalls(frames)
        const all = calls.flatMap(({ batches }) => batches.flatMap(({ text }) => decodeBatch(text)))
        expect(all).toEqual(frames)
        expect(calls.reduce((sum, { count }) => sum + count, 0)).toBe(frames.length)
        for (const { batches } of calls) {
          const total = batches.reduce((sum, { bytes }) => sum + bytes, 0)
          if (batches.length > 1) expect(total).toBeLessThanOrEqual(262_144)
          for (const { bytes, count, text } of batches) {
            expect(bytes).toBe(utf8Length(text) - text.indexOf('\n') - 1)
            if (count > 1) expect(bytes).toBeLessThanOrEqual(16_384)
          }
        }
      }),
      { seed: 1, numRuns: 40 },
    )
  })

  it('is missing from the one call that there is without events', () => {
    expect(batchedCalls([])).toEqual([{ batches: [], count: 0 }])
  })
})
