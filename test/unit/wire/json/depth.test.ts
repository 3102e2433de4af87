import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exceedsDepth } from '../../../../src/wire/json/depth.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

describe('nestsDeeper', () => {
  it.each<[string, number]>([
    ['1', 0],
    ['"["', 0],
    ['[]', 1],
    ['{}', 1],
    ['[{"a":[1]},[[2]]]', 3],
    ['{"[{[{":"}]}]"}', 1],
    ['{"a\\"[[":1}', 1],
    ['["\\\\",[[]]]', 3],
    ['["\\\\\\"[[[["]', 1],
    [`["${'é'.repeat(100)}\\"[[[[${'x'.repeat(100)}"]`, 1],
    [`["${'x'.repeat(100)}\\\\",[]]`, 2],
  ])('%s nests %i deep', (text, depth) => {
    expect(exceedsDepth(bytesOf(text), depth)).toBe(false)
    if (depth > 0) expect(exceedsDepth(bytesOf(text), depth - 1)).toBe(true)
  })

  it('finds an escaped quote wherever it lies in a long string', () => {
    for (let before = 0; before < 200; before++) {
      for (const slashes of [0, 1, 2, 3]) {
        const text = JSON.stringify([`${'x'.repeat(before)}${'\\'.repeat(slashes)}"[[[`])
        expect(exceedsDepth(bytesOf(text), 1), text).toBe(false)
        expect(exceedsDepth(bytesOf(`[${text}]`), 1), text).toBe(true)
      }
    }
  })

  it('agrees with the parsed value, whatever the JSON', () => {
    const long = fc.string({ unit: fc.constantFrom('"', '\\', '[', '{', 'x', 'é'), maxLength: 200 })
    const json = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.array(fc.array(long)).map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(json, fc.nat({ max: 8 }), (text, limit) => {
        expect(exceedsDepth(bytesOf(text), limit)).toBe(depthOf(JSON.parse(text)) > limit)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each(['', '"', '"\\', '["abc', ']]]', `"${'\\'.repeat(300)}`, '[[[['])(
    'survives %j',
    (text) => {
      expect(typeof exceedsDepth(bytesOf(text), 64)).toBe('boolean')
    },
  )

  it('stops at the limit, however long the text', () => {
    expect(exceedsDepth(bytesOf('['.repeat(1_000_000)), 64)).toBe(true)
  })
})
