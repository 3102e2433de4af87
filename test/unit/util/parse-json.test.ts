import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson, setField } from '../../../src/util/parse-json.ts'
import { Cuts } from '../../../src/wire/json/cuts.ts'
import { parseExact, parseExactText } from '../../../src/wire/json/exact-integers.ts'
import { Outline } from '../../../src/wire/json/outline.ts'
import { parseInSteps } from '../../../src/wire/json/parse-in-steps.ts'
import { scanInSteps, scanJson } from '../../../src/wire/json/scan.ts'
import { decodeText } from '../../../src/wire/sse/sse.ts'

const encode = (text: string) => new TextEncoder().encode(text)

/** What reads the JSON of others. */
const parsers: Record<string, (text: string) => unknown> = {
  parseJson,
  parseExactText,
  'parseExactText, beside a long integer': (text) =>
    (parseExactText(`[${text},12345678901234567890]`) as unknown[])[0],
  'parseExact, of what was scanned': (text) => {
    const bytes = encode(text)
    return parseExact(bytes, scanJson(bytes), decodeText)
  },
  'parseInSteps, within a large body': (text) => {
    const bytes = encode(`{"a":"${'a'.repeat(150_000)}","b":[${text}]}`)
    const outline = new Outline(new Cuts())
    const scan = done(scanInSteps(bytes, outline))
    return (done(parseInSteps(bytes, outline, scan, decodeText)) as { b: unknown[] }).b[0]
  },
}

function done<T>(steps: Generator<void, T>): T {
  let step = steps.next()
  while (!step.done) step = steps.next()
  return step.value
}

/** V8 reads the second key as the first, where an object that came before has the first in the same place. */
const garbled = [
  ['\\', '\\n'],
  ['\\', '\\"'],
  ['\\', '\\\\'],
  ['\\u', '\\u540d\\u524d'],
  ['\\u006', '\\u006dodel'],
  [`${'long '.repeat(10)}\\`, `${'long '.repeat(10)}\\n`],
] as const

let count = 0

describe.each(Object.entries(parsers))('an escaped key that %s reads', (name, parse) => {
  it.each(garbled)('has its own name after the key %j: "%s"', (before, written) => {
    const first = `"${name} ${count++}":0`
    JSON.parse(`{${first},${JSON.stringify(before)}:0}`)
    const read = parse(`{${first},"${written}":0}`) as object
    expect(Object.keys(read)[1]).toBe(JSON.parse(`"${written}"`))
  })

  it('has its own name beside others in the same text', () => {
    const text = `[{"${name}":0,"\\\\":1},{"${name}":0,"\\n":{"\\u0061":"\\n:"},"z":2}]`
    expect(parse(text)).toEqual([
      { [name]: 0, '\\': 1 },
      { [name]: 0, '\n': { a: '\n:' }, z: 2 },
    ])
  })

  it.each([
    ['{"\\u0061":1,"b":2,"a":3}', { a: 3, b: 2 }],
    ['{"\\u0030":1,"0":2}', { 0: 2 }],
    ['{"0":1,"\\u0030":2}', { 0: 2 }],
    ['{"\\n":1,"\\u000a":2}', { '\n': 2 }],
    ['{"a":1,"\\u0061":2,"a":3}', { a: 3 }],
    ['{"\u0080":1,"\\u0080":2,"\u0080":3}', { '\u0080': 3 }],
    ['{",":1,"\\u002c":2,",":3}', { ',': 3 }],
    ['{"\\n":1,"z":0,"\\u000a":2,"\\n":3}', { '\n': 3, z: 0 }],
  ])('counts where it comes last: %s', (text, value) => {
    expect(shown(parse(text))).toEqual(shown(value))
  })

  it.each([
    '{"\\x":1}',
    '{"\\n"x:1}',
    '{"a":"b"\\u002c":1":2}',
    '{"a":"b"\\u002c":1}',
    '\\u0022a":1}',
    '["\\n":1]',
    '{"\\n":1',
    '{"a":"\\n":1}',
    '{"\\n:1}',
    '{"\\u00":1}',
    '{\\"a":1}',
    '{"a\\\n":1}',
  ])('makes no JSON of what is none: %s', (text) => {
    expect(() => parse(text)).toThrow(SyntaxError)
  })

  // The parsed value is compared with what the text was made of: JSON.parse itself garbles such keys.
  it('is as it was written, wherever it is', () => {
    fc.assert(
      fc.property(tree, ({ json, value }) => {
        expect(shown(parse(json))).toEqual(shown(value))
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})

interface Tree {
  json: string
  value: unknown
}

/** Characters that are written in several ways, and parts of escapes, so that one key begins like another. */
const letter = fc.constantFrom('\\', 'n', 'u', '0', '6', 'd', '"', '\n', ':', ' ', '名', '\ud83d')
const names = fc.oneof(
  fc.array(letter, { maxLength: 7 }).map((letters) => letters.join('')),
  fc.constantFrom('__proto__', 'toJSON', '0', 'model'),
)
const spelling = fc.array(fc.boolean(), { minLength: 7, maxLength: 7 })
const string = fc.tuple(names, spelling).map(([value, escaped]): Tree & { value: string } => {
  const letters = value.split('').map((unit, at) => {
    if (escaped[at]) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
    return JSON.stringify(unit).slice(1, -1)
  })
  return { json: `"${letters.join('')}"`, value }
})

const { tree } = fc.letrec<{ tree: Tree; list: Tree; object: Tree }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, string, tie('list'), tie('object')),
  list: fc.array(tie('tree'), { maxLength: 4 }).map((items) => ({
    json: `[${items.map(({ json }) => json).join()}]`,
    value: items.map(({ value }) => value),
  })),
  object: fc.array(fc.tuple(string, tie('tree')), { maxLength: 4 }).map((fields) => {
    const value = {}
    for (const [key, item] of fields) setField(value, key.value, item.value)
    return { json: `{${fields.map(([key, { json }]) => `${key.json} :${json}`).join()}}`, value }
  }),
}))

/** With the fields as a list, in their order: `toEqual` passes over an own `__proto__`. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value !== 'object' || value === null) return value
  return { fields: Object.entries(value).map(([key, item]) => [key, shown(item)]) }
}
