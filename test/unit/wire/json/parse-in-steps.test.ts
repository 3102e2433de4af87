import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Steps } from '../../../../src/util/slices.ts'
import { Cuts, LONG_ITEM } from '../../../../src/wire/json/cuts.ts'
import { parseExact } from '../../../../src/wire/json/exact-integers.ts'
import { Outline } from '../../../../src/wire/json/outline.ts'
import { parseInSteps } from '../../../../src/wire/json/parse-in-steps.ts'
import { scanInSteps, scanJson } from '../../../../src/wire/json/scan.ts'
import { decodeText } from '../../../../src/wire/sse/sse.ts'

type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()

/** Does all steps, and counts them. */
function done<T>(steps: Steps<T>): { value: T; count: number } {
  for (let count = 1; ; count++) {
    const step = steps.next()
    if (step.done) return { value: step.value, count }
  }
}

/** What a parser makes of a text: its value, in full, or the name of the error. */
function outcome(parse: () => unknown): string {
  try {
    const value = parse()
    return `${Array.isArray(value) ? 'list' : typeof value} ${JSON.stringify(value)}`
  } catch (error) {
    return (error as Error).name
  }
}

const atOnce = (bytes: Bytes) => outcome(() => parseExact(bytes, scanJson(bytes), decodeText))

const inSteps = (bytes: Bytes) =>
  outcome(() => {
    const outline = new Outline(new Cuts())
    const scan = done(scanInSteps(bytes, outline)).value
    try {
      return done(parseInSteps(bytes, outline, scan, decodeText)).value
    } catch (error) {
      // Whoever shows the text decodes all of it, as at once, and then bytes that are not UTF-8 count.
      decodeText(bytes)
      throw error
    }
  })

function expectSame(bytes: Bytes): void {
  // Not by `toBe`, which would print megabytes.
  const [expected, got] = [atOnce(bytes), inSteps(bytes)]
  if (expected === got) return
  const at = [...expected].findIndex((unit, index) => unit !== got[index])
  expect(got.slice(Math.max(0, at - 50), at + 50)).toBe(
    expected.slice(Math.max(0, at - 50), at + 50),
  )
}

/** Texts that are repeated until they are long: of escapes, of characters of every length, of what looks like JSON. */
const phrases = [
  'a',
  '\\n',
  '\\\\',
  '\\"',
  '\\u00e9',
  '\\ud83d\\ude00',
  '\\ud83d',
  'é',
  '語',
  '😀',
  '{"a":[1,',
  ' ',
  'x\\\\"'.slice(0, 3),
]

const phrase = fc.array(fc.constantFrom(...phrases), { minLength: 1, maxLength: 7 })

/** Lengths around those by which a text is parted. */
const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat(200) },
  { weight: 1, arbitrary: fc.nat(3 * LONG_ITEM) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(1, 2, 4), fc.integer({ min: -20, max: 20 }))
      .map(([times, more]) => times * LONG_ITEM + more),
  },
)

const string = fc
  .tuple(phrase, length)
  .map(([parts, size]) => `"${parts.join('').repeat(Math.ceil(size / parts.join('').length))}"`)
const number = fc.constantFrom(
  '0',
  '-0',
  '1.50',
  '1E2',
  '9007199254740993',
  '-18446744073709551615',
)
const key = fc.constantFrom('"a"', '"b"', '"__proto__"', '"1"', '"\\u0061"', '"model"', '"é"', '""')
const space = fc.constantFrom('', '', '', ' ', '\n\t\r ')
const spaced = (value: fc.Arbitrary<string>) =>
  fc.tuple(space, value, space).map((parts) => parts.join(''))

const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', '[]', '{}', '[ ]'),
    number,
    string,
    tie('list'),
    tie('object'),
  ),
  list: fc.array(spaced(tie('value')), { maxLength: 6 }).map((items) => `[${items.join()}]`),
  object: fc
    .array(fc.tuple(spaced(key), spaced(tie('value'))), { maxLength: 6 })
    .map((fields) => `{${fields.map(([name, item]) => `${name}:${item}`).join()}}`),
}))

/** A list or an object of long and short values. */
const text = fc
  .tuple(fc.array(spaced(value), { minLength: 2, maxLength: 8 }), fc.boolean())
  .map(([items, isList]) =>
    isList ? `[${items.join()}]` : `{${items.map((item, at) => `"${at % 5}x":${item}`).join()}}`,
  )

/** What may be wrong at some place: it is put there instead of as many bytes as the number says. */
const fault = fc.tuple(
  fc.nat(),
  fc.constantFrom(0, 1, 2),
  fc.constantFrom(
    '',
    ',',
    ',,',
    '[',
    ']',
    '{',
    '}',
    ':',
    '"',
    '\\',
    '\u0000',
    '\xef\xbb\xbf',
    '1',
    ' ',
    '\x80',
    '\xed\xa0\x80',
  ),
)

const PARTING = new Set(encoder.encode('[]{},:"\\'))

/** The bytes with faults at or near what parts the text, since most of its other bytes are in strings. */
function withFaults(valid: Bytes, faults: readonly [number, number, string][]): Bytes {
  const parting = [...valid.keys()].filter((at) => PARTING.has(valid[at] as number))
  let bytes = valid
  for (const [where, removed, added] of faults) {
    const at = parting[where % parting.length] ?? 0
    const put = Buffer.from(added, 'latin1')
    bytes = new Uint8Array(
      Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + removed)]),
    )
  }
  return bytes
}

describe('JSON that is parsed in steps', () => {
  it('is parsed as at once, whatever it is', () => {
    fc.assert(
      fc.property(text, (each) => expectSame(encoder.encode(each))),
      { seed: 1, numRuns: 150 },
    )
  })

  it('takes many steps where it is long, and is scanned as at once', () => {
    fc.assert(
      fc.property(text, fc.array(fault, { maxLength: 1 }), (each, faults) => {
        const bytes = withFaults(encoder.encode(each), faults)
        const [expected, got] = [new Outline(), new Outline(new Cuts())]
        const scan = scanJson(bytes, expected)
        expect(done(scanInSteps(bytes, got)).value).toEqual(scan)
        expect([got.keys, got.marks]).toEqual([expected.keys, expected.marks])
      }),
      { seed: 3, numRuns: 60 },
    )
    const bytes = encoder.encode(JSON.stringify({ a: [1, ['é\n'.repeat(1_000_000)]], b: 'x' }))
    const outline = new Outline(new Cuts())
    const scan = done(scanInSteps(bytes, outline))
    expect(scan.count).toBeGreaterThan(10)
    expect(done(parseInSteps(bytes, outline, scan.value, decodeText)).count).toBeGreaterThan(10)
  })

  const long = `"${'é\\n'.repeat(LONG_ITEM)}"`
  it.each([
    `[${long},,${long}]`,
    `[${long}, ,${long}]`,
    `[,${long}]`,
    `[${long},]`,
    `{"a":${long},,"b":${long}}`,
    `{"a":${long},"b":${long},}`,
    `{"a":${long},"b" ${long}}`,
    `{"a":${long},"b"x${long}}`,
    `{"a":${long}:"b":1,"c":${long}}`,
    `{"a":1:"b":${long},"c":${long}}`,
    `{"a":${long}:"b":${long}:"c":${long}}`,
    `{"a":${long},1:${long}}`,
    `{"a":[${long}] [${long}]}`,
    `{"a":[${long}}`,
    `[${long}}`,
    `${long}x`,
    `${long.slice(0, -1)}\\"`,
    `[1${' '.repeat(3 * LONG_ITEM)}2]`,
    `${' '.repeat(3 * LONG_ITEM)}`,
    `[${' '.repeat(3 * LONG_ITEM)}]`,
    `{"a":${long},"a":[${long}],"b":1,"a":${long}}`,
    `{"a":${long}} {"b":${long}}`,
    ` [ ${long} , 12345678901234567890 , ${long} , -12345678901234567890 ] `,
    ` ${long} `,
  ])('parses %# as at once', (each) => {
    expectSame(encoder.encode(each))
  })

  it('fails where it fails at once', () => {
    fc.assert(
      fc.property(text, fc.array(fault, { minLength: 1, maxLength: 2 }), (each, faults) =>
        expectSame(withFaults(encoder.encode(each), faults)),
      ),
      { seed: 2, numRuns: 60 },
    )
  })
})
