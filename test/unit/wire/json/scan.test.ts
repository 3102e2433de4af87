import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finish } from '../../../../src/util/slices.ts'
import { Cuts } from '../../../../src/wire/json/cuts.ts'
import { MAX_DEPTH } from '../../../../src/wire/json/depth.ts'
import { Outline } from '../../../../src/wire/json/outline.ts'
import {
  MAX_KEYS,
  MAX_LONG_INTEGERS,
  MAX_VALUES,
  scanInSteps,
  scanJson,
} from '../../../../src/wire/json/scan.ts'

const scan = (text: string) => scanJson(new TextEncoder().encode(text))
const inSteps = (text: string) =>
  finish(scanInSteps(new TextEncoder().encode(text), new Outline(new Cuts())))
const keys = (count: number) =>
  `{"x":{${Array.from({ length: count }, (_, at) => `"k${at}":1`).join()}}}`

describe('what a body may hold', () => {
  it.each([
    ['values', `[${'1,'.repeat(MAX_VALUES)}1]`],
    ['values', `{"x":[${'[],'.repeat(MAX_VALUES / 2)}[]]}`],
    ['keys', keys(MAX_KEYS)],
    ['depth', '['.repeat(MAX_DEPTH + 1)],
    ['double', '{"temperature":1e400}'],
    ['double', '[-1E+309]'],
    ['double', '{"a":[1e5,9e308]}'],
    ['double', '[0.5, 123456789012345678901234567890.5e300 ]'],
    ['double', `{"a":-${'9'.repeat(309)}.0}`],
    ['long', `[${'1234567890123456789,'.repeat(MAX_LONG_INTEGERS + 1)}1]`],
  ])('more %s than that is told', (exceeds, text) => {
    expect(scan(text).exceeds).toBe(exceeds)
  })

  it.each([
    ['the tokens of OpenAI’s largest request for embeddings', `[${'1,'.repeat(299_999)}1]`],
    ['many keys', keys(MAX_KEYS - 1)],
    ['commas, colons and brackets in texts', JSON.stringify([',:[{'.repeat(500_000)])],
    [
      'numbers with exponents',
      '[1e308,-1.7976931348623157E+308,0e999,1e-400,0.00001e309,"1e400",1e+,12345e]',
    ],
    ['numbers with many digits', `[${'9'.repeat(308)}.0,0.${'9'.repeat(400)}]`],
    ['levels', '['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)],
  ])('%s are no more', (_, text) => {
    expect(scan(text)).toEqual({ longIntegers: [] })
  })
})

describe('an escaped key', () => {
  it.each(['{"a\\n":1}', '{"a":[{"b":"","\\"":1}]}', `{"a":{"${'a'.repeat(300_000)}\\n" : 1}}`])(
    'is told: %#',
    (text) => {
      expect(scan(text).hasEscapedKeys).toBe(true)
      expect(inSteps(text).hasEscapedKeys).toBe(true)
    },
  )

  it.each(['{"a":"\\n","b":"\\":","c":["\\n"]}', `{"a":"${'a'.repeat(300_000)}\\n","b":1}`])(
    'is not told where a value is escaped: %#',
    (text) => {
      expect(scan(text).hasEscapedKeys).toBeUndefined()
      expect(inSteps(text).hasEscapedKeys).toBeUndefined()
    },
  )
})

describe('a deciding key at the top', () => {
  it.each([
    ['model', '{"model":"a","model":"b"}'],
    ['model', '{"model":"a","mod\\u0065l":"b"}'],
    ['stream', '{ "stream" : true , "x":{}, "stream"\n:false}'],
    ['messages', '{"messages":[{"model":1,"role":"a"}],"messages":[]}'],
    ['max_tokens', '{"max_tokens":1,"n":2,"max_tokens":3}'],
    ['input', '{"input":"a","input":"b"}'],
    ['prompt', '{"prompt":"a","prompt":"b"}'],
  ])('that comes twice is told: %s in %s', (duplicate, text) => {
    expect(scan(text).duplicate).toBe(duplicate)
  })

  it.each([
    '{"model":"a","x":{"model":1,"model":2}}',
    '{"x":1,"x":2}',
    '{"model":1}{"model":2}',
    '{"messages":[{"model":1},{"model":2}],"model":"\\"model\\":"}',
    '{"model":"a","model ":"c","mode":1,"models":2,"Mode":3,"max\u007ftokens":4,"MAX\\u007fTOKENS":5}',
    '{"model":"a","é":1,"mod\\u00e9l":2,"\\u004dodels":3,"Store ":4}',
    '{"model":"a","x":{"Model":"b"},"messages":[{"Stream":true}]}',
    `{"${'\\u0061'.repeat(1_000)}":1,"model":"a"}`,
  ])('that comes once is not: %s', (text) => {
    const { hasEscapedKeys: _, ...rest } = scan(text)
    expect(rest).toEqual({ longIntegers: [] })
  })

  it.each([
    ['Model', 'model', '{"model":"a","Model":"b"}'],
    ['MODEL', 'model', '{"MODEL":"b"}'],
    ['modeL', 'model', '{"mode\\u004c":"b","model":"a"}'],
    ['Stream', 'stream', '{"x":{"stream":1}, "Stream" : true}'],
    ['meſsages', 'messages', '{"meſsages":[]}'],
    ['mes\u017fages', 'messages', '{"mes\\u017fages":[]}'],
    ['max_to\u212aens', 'max_tokens', '{"max_to\u212aens":1}'],
    ['MAX_TO\u212aENS', 'max_tokens', '{"MAX_TO\\u212AENS":1}'],
    ['N', 'n', '{"N":1}'],
  ])('in other letter case is told: %s for %s in %s', (key, name, text) => {
    expect(scan(text)).toEqual({ otherCase: { key, name }, longIntegers: [] })
  })

  it('is found as by reading the keys one by one, whatever the body', () => {
    const name = fc.constantFrom('model', 'n', 'stream', 'x', 'messages')
    const value = fc.json({ maxDepth: 2 })
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (fields) => {
        const text = `{${fields.map(([key, json]) => `${JSON.stringify(key)}: ${json}`).join()}}`
        const names = fields.map(([key]) => key).filter((key) => key !== 'x')
        const twice = names.find((key, at) => names.indexOf(key) < at)
        expect(scan(text).duplicate).toBe(twice)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('integers of many digits', () => {
  const found = (text: string) => {
    const { longIntegers } = scan(text)
    return Array.from({ length: longIntegers.length / 2 }, (_, at) =>
      text.slice(longIntegers[2 * at], longIntegers[2 * at + 1]),
    )
  }

  it.each<[string, string[]]>([
    ['{"seed":18446744073709551615}', ['18446744073709551615']],
    ['[-9223372036854775808, 1, 1234567890123456]', ['-9223372036854775808', '1234567890123456']],
    ['9223372036854775807', ['9223372036854775807']],
    ['{"a":"18446744073709551615"}', []],
    ['[123456789012345, 0.12345678901234567, 1234567890123456.5, 1e30, 1234567890123456e2]', []],
    ['[0001234567890123456789]', []],
    ['{1234567890123456789: 1}', []],
    ['{"a":1234567890123456789, 2 :1}', []],
  ])('are found in %s', (text, all) => {
    expect(found(text)).toEqual(all)
  })
})

it.each(['', '"', '"\\', '["abc', ']]]', ':', '{:}', ',', '-', '1234567890123456789', '{"model'])(
  'survives %j',
  (text) => {
    expect(scan(text)).toHaveProperty('longIntegers')
  },
)
