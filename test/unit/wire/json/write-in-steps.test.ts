import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Steps } from '../../../../src/util/slices.ts'
import { parseExactText } from '../../../../src/wire/json/exact-integers.ts'
import { lengthOf, writeInSteps } from '../../../../src/wire/json/write-in-steps.ts'

/** Does all steps: the text of the pieces, and how many steps there were. */
function written(steps: Steps<Uint8Array[]>): { text: string; count: number } {
  for (let count = 1; ; count++) {
    const step = steps.next()
    if (step.done) return { text: Buffer.concat(step.value).toString(), count }
  }
}

const LONG = 131_072
const phrase = fc.constantFrom(
  'a',
  '"',
  '\\',
  '\n',
  'é',
  '語',
  '\u{1f600}',
  '\ud800',
  '\udc00x',
  '\u2028',
)
const long = fc
  .tuple(fc.array(phrase, { minLength: 1, maxLength: 5 }), fc.nat(3 * LONG))
  .map(([parts, length]) => parts.join('').repeat(Math.ceil(length / parts.join('').length)))

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, undefined, true, 0, -0, 1.5, Number.NaN, [], {}, () => 1, Symbol('none')),
    fc.constant(parseExactText('12345678901234567890')),
    fc.string({ unit: 'binary' }),
    long,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.constantFrom('__proto__', '1', 'é"'), fc.string()), tie('value'), {
      maxKeys: 5,
    }),
  ),
}))

describe('JSON that is written in steps', () => {
  it('is the JSON of the value, whatever that is', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (each) => {
        expect(written(writeInSteps(each)).text === JSON.stringify(each)).toBe(true)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('takes many steps where it is long', () => {
    const text = 'é"\n'.repeat(400_000)
    for (const each of [
      text,
      [[text]],
      { a: { b: text } },
      Array(4_000).fill({ a: text.slice(0, 400) }),
    ]) {
      const { text: json, count } = written(writeInSteps(each))
      expect(json === JSON.stringify(each)).toBe(true)
      expect(count).toBeGreaterThan(8)
    }
  })

  it('keeps an integer whole that has more digits than are written at once', () => {
    const exact = parseExactText(`[${'7'.repeat(2 * LONG)}]`)
    expect(written(writeInSteps(exact)).text === JSON.stringify(exact)).toBe(true)
  })
})

describe('the length of JSON', () => {
  it.each<[unknown, number]>([
    [null, 4],
    ['ab', 4],
    [['ab', 1], 12],
    [{ key: 'v' }, 12],
    [[], 2],
  ])('of %j is about %i', (each, length) => {
    expect(lengthOf(each, 1_000)).toBe(length)
  })

  it('is not counted further than is asked', () => {
    let read = 0
    const items = Array.from({ length: 1_000 }, () => ({
      get text() {
        read++
        return 'x'.repeat(100)
      },
    }))
    expect(lengthOf(items, 1_000)).toBeGreaterThan(1_000)
    expect(read).toBeLessThan(20)
  })
})
