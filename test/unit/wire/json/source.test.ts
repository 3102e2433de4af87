import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../../../../src/util/bytes.ts'
import { parseJson } from '../../../../src/util/parse-json.ts'
import { finish } from '../../../../src/util/slices.ts'
import { parseExact } from '../../../../src/wire/json/exact-integers.ts'
import { Outline } from '../../../../src/wire/json/outline.ts'
import { scanJson } from '../../../../src/wire/json/scan.ts'
import { keepSource, serializeInSteps } from '../../../../src/wire/json/source.ts'
import { serialize, sourceOf } from '../../../../src/wire/json/sourced.ts'

type Fields = Record<string, unknown>

const encoder = new TextEncoder()
const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

/** The value of a JSON text, which it remembers. */
function parsed(text: string): Fields {
  const bytes = encoder.encode(text)
  const outline = new Outline()
  const value = parseExact(bytes, scanJson(bytes, outline), decode) as Fields
  keepSource(value, bytes, outline)
  return value
}

/** The same in steps: for a value that is serialized as any other, too. */
const inSteps = (value: object) => decode(concat(finish(serializeInSteps(value))))

/** What is sent of a value; undefined for one that is serialized as any other. */
function spliced(value: object): string | undefined {
  const sent = serialize(value)
  expect(inSteps(value)).toBe(typeof sent === 'string' ? sent : decode(sent))
  return typeof sent === 'string' ? undefined : decode(sent)
}

/** Long enough that what is within it is copied too. */
const LONG = 'long '.repeat(500)

describe('the text of a large object', () => {
  const pad = `"pad":${JSON.stringify(LONG)}`

  it.each<[string, string, (value: Fields) => object, string]>([
    ['is sent as it came', `\t{ "a" : 1 ,${pad}\n} `, (v) => ({ ...v }), `\t{ "a" : 1 ,${pad}\n} `],
    ['gets a field', `{"a": 1 ,${pad} }`, (v) => ({ ...v, b: [2] }), `{"a": 1 ,${pad} ,"b":[2]}`],
    ['loses its first', `{"a":1,"b":2,${pad}}`, ({ a: _a, ...v }) => v, `{"b":2,${pad}}`],
    ['loses its last', `{${pad}, "a":1}`, ({ a: _a, ...v }) => v, `{${pad}}`],
    [
      'loses what is undefined',
      `{${pad},"a":1,"b":2}`,
      (v) => ({ ...v, a: undefined, c: undefined }),
      `{${pad},"b":2}`,
    ],
    [
      'has a field replaced where it was',
      `{"a":1, "model" : "x" ,"c":3,${pad}}`,
      (v) => ({ ...v, model: 'é"\u2028' }),
      `{"a":1,"model":"é\\"\u2028","c":3,${pad}}`,
    ],
    [
      'keeps the digits of its numbers, and of others only if it is long',
      `{"seed":18446744073709551615, "n":1.0,"x":[1.00,1E2,-0,0.1000000000000000055511151231257827,${JSON.stringify(LONG)}]}`,
      (v) => ({ ...v, model: 'm' }),
      `{"seed":18446744073709551615,"n":1,"x":[1.00,1E2,-0,0.1000000000000000055511151231257827,${JSON.stringify(LONG)}],"model":"m"}`,
    ],
    [
      'keeps escapes, halves of pairs and keys of any kind',
      `{"\\u0061":"\\ud800","__proto__":["\\/\\u0000\\ud83d\\ude00",${JSON.stringify(LONG)}],"2":0,"1":"\u{1f600}",${pad}}`,
      (v) => ({ ...v, n: 1 }),
      `{"\\u0061":"\\ud800","__proto__":["\\/\\u0000\\ud83d\\ude00",${JSON.stringify(LONG)}],"2":0,"1":"\u{1f600}",${pad},"n":1}`,
    ],
    [
      'finds a field whose key is escaped',
      `{"mod\\u0065l":"x",${pad}}`,
      (v) => ({ ...v, model: 'y' }),
      `{"model":"y",${pad}}`,
    ],
    ['may be emptied', `{${pad}}`, (v) => ({ ...v, pad: undefined }), '{}'],
  ])('%s', (_, text, change, sent) => {
    expect(spliced(change(parsed(text)))).toBe(sent)
  })

  it('is copied within a list of which few items change', () => {
    const text = `{"messages":[ {"a":"\\u0041"} , {"b":"b"}, "c",{"d":1.0}, {"e":2.0} ],${pad}}`
    const value = parsed(text)
    const [first, second, ...rest] = value.messages as Fields[]
    const messages = [{ new: 1 }, first, { ...second, b: 'c' }, ...rest, rest[1]]
    expect(spliced({ ...value, messages })).toBe(
      `{"messages":[{"new":1}, {"a":"\\u0041"} ,{"b":"c"},"c",{"d":1.0}, {"e":2.0} ,{"d":1.0}],${pad}}`,
    )
  })

  it('is not searched in a list of which most items change', () => {
    const value = parsed(`{"input":[ {"a":"\\u0041"}, {"b":1.0} ],${pad}}`)
    const input = (value.input as Fields[]).map((_, at) => ({ id: at }))
    expect(spliced({ ...value, input })).toBe(`{"input":[{"id":0},{"id":1}],${pad}}`)
    const other = (value.input as Fields[]).map((item) => ({ ...item, b: 2 }))
    expect(spliced({ ...value, input: other })).toBe(`{"input":[{"a":"A","b":2},{"b":2}],${pad}}`)
  })

  it('is copied for objects of a list that get fields, behind others too', () => {
    const value = parsed(`{"input":[ {"a":"\\u0041"} , {"b":[1.0] , "c":2 }, {} ],${pad}}`)
    const items = (value.input as Fields[]).map((item, at) => ({ ...item, id: at, not: undefined }))
    const input = [{ first: true }, ...items]
    expect(spliced({ ...value, input })).toBe(
      `{"input":[{"first":true}, {"a":"\\u0041","id":0}, {"b":[1.0] , "c":2 ,"id":1},{"id":2}],${pad}}`,
    )
  })

  it('is not searched in a list of many small items', () => {
    const changed = (value: Fields) => ({ ...value, list: [0, ...(value.list as Fields[])] })
    const list = (item: string, count: number) => `[${Array(count).fill(item).join()}]`
    const anew = list('{"a":"A"}', 200).replace('[', '[0,')
    expect(spliced(changed(parsed(`{"list":${list('{"a":"\\u0041"}', 200)},${pad}}`)))).toBe(
      `{"list":${anew},${pad}}`,
    )
    const long = list(`{"a":"\\u0041","b":"${'b'.repeat(200)}"}`, 200)
    expect(spliced(changed(parsed(`{"list":${long},${pad}}`)))).toBe(
      `{"list":${long.replace('[', '[0,')},${pad}}`,
    )
  })

  it.each([
    ['at the top', `{"a":1,"a":2,${pad}}`],
    ['within it', `{${pad},"x":[{"role":"user","role":"system"}]}`],
    ['that are spelled differently', `{${pad},"x":{"role":1,"r\\u006fle":2}}`],
  ])('is not sent where it has equal keys %s: the last of them is', (_, text) => {
    const value = { ...parsed(text), model: 'm' }
    expect(spliced(value)).toBeUndefined()
    expect(serialize(value)).toBe(JSON.stringify({ ...JSON.parse(text), model: 'm' }))
  })

  it('is not remembered of what has many small parts, or is no object', () => {
    expect(
      spliced(parsed(`{${Array.from({ length: 99 }, (_, at) => `"k${at}":1`).join()}}`)),
    ).toBeUndefined()
    const many = Array.from({ length: 2_000 }, (_, at) => `"k${at}":"${'a'.repeat(500)}"`)
    expect(spliced(parsed(`{${many.join()}}`))).toBeUndefined()
    expect(() => parsed('[1]')).not.toThrow()
    expect(() => parsed('null')).not.toThrow()
  })

  it('is forgotten with that of all copies', () => {
    const value = parsed(`{${pad}}`)
    const copy = { ...value }
    sourceOf(value)?.forget()
    expect(serialize(copy)).toBe(JSON.stringify(copy))
    expect(sourceOf(undefined)).toBe(undefined)
  })

  it('shows nowhere in the object', () => {
    const value = parsed(`{${pad}}`)
    expect(Object.keys(value)).toEqual(['pad'])
    expect(Object.entries({ ...value })).toHaveLength(1)
    expect(JSON.stringify(value)).toBe(`{${pad}}`)
    expect(structuredClone(value)).toStrictEqual({ pad: LONG })
  })
})

describe('a changed object', () => {
  const key = fc.oneof(
    fc.constantFrom('model', 'messages', 'tools', '__proto__', '0', '', 'toJSON', 'é', '"', '\\'),
    fc.string({ unit: 'binary' }),
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud800', '\udc00', '\u{1f600}', '\\', '"', '\u2028', '\ufeff', '\0', LONG),
  )
  const number = fc.constantFrom('0', '-0', '1.0', '1e5', '12345678901234567890', '1E-400', '-1.50')
  const space = fc.constantFrom('', ' ', '\n\t', '\r\n  ')

  /** JSON text, of any spelling. */
  const { json } = fc.letrec<{ json: string; list: string; object: string }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(text.map(spelled), number, fc.constantFrom('null', 'true', 'false')),
      tie('list'),
      tie('object'),
    ),
    list: fc
      .tuple(fc.array(tie('json'), { maxLength: 4 }), space)
      .map(([items, gap]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
    object: objectOf(tie('json')),
  }))

  function objectOf(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
    const fields = fc.uniqueArray(fc.tuple(key, value), {
      maxLength: 6,
      selector: ([name]) => name,
    })
    return fc.tuple(fields, space).map(([all, gap]) => {
      const written = all.map(([name, item]) => `${spelled(name)}${gap}:${gap}${item}`)
      return `{${gap}${written.join(`${gap},${gap}`)}${gap}}`
    })
  }

  /** As JSON, some of it escaped without need. */
  function spelled(value: string): string {
    const isPlain = value.length % 2 === 0
    const letters = Array.from(value, (letter) => {
      if (isPlain || !/[aeo]/.test(letter)) return JSON.stringify(letter).slice(1, -1)
      return `\\u00${letter.charCodeAt(0).toString(16)}`
    })
    return `"${letters.join('')}"`
  }

  /** Changes a value as routes do: whatever is changed is a copy. `next`: numbers that decide. */
  function changed(value: unknown, next: () => number): unknown {
    const choice = next() % 8
    if (choice < 2) return value
    if (choice === 2) return { new: [next()], text: '\ud800"' }
    if (Array.isArray(value)) {
      const items = value.map((item: unknown) => changed(item, next))
      if (choice === 3) items.unshift({ added: 'first' })
      if (choice === 4) items.pop()
      if (choice === 5) items.reverse()
      return items
    }
    if (typeof value !== 'object' || value === null || 'rawJSON' in value) return value
    const copy: Fields = { ...value }
    for (const name of Object.keys(copy)) {
      if (next() % 5 === 0) delete copy[name]
      else if (next() % 2 === 0) {
        const item = changed(copy[name], next)
        Object.defineProperty(copy, name, { value: item, enumerable: true, configurable: true })
      }
    }
    if (choice === 6) copy.model = 'other'
    if (choice === 7) copy.none = undefined
    return copy
  }

  /** What a text means: -0 is written as 0. */
  const normal = (json: string): unknown => parseJson(JSON.stringify(parseJson(json)))

  it('is sent as text that means what would be serialized anew', () => {
    let spliceCount = 0
    fc.assert(
      fc.property(
        objectOf(json),
        fc.array(fc.nat(), { minLength: 1 }),
        space,
        (json, seeds, gap) => {
          // Long, so that it is not written anew for having small parts.
          const whole = json.replace(/\}\s*$/, (end) => {
            const comma = Object.keys(parseJson(json) as object).length > 0 ? ',' : ''
            return `${comma}"long":${JSON.stringify(LONG)}${end}${gap}`
          })
          const value = parsed(whole)
          let at = 0
          const next = () => seeds[at++ % seeds.length] as number
          const request = changed(value, next) as object
          const sent = spliced(request)
          if (sent !== undefined) spliceCount++
          expect(normal(sent ?? (serialize(request) as string))).toEqual(
            parseJson(JSON.stringify(request)),
          )
        },
      ),
      { numRuns: 500 },
    )
    expect(spliceCount).toBeGreaterThan(100)
  })
})
