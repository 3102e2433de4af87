import fc from 'fast-check'
import { createScanner } from 'jsonc-parser'
import { describe, expect, it } from 'vitest'
import { SettingsError } from '../../../src/settings/error.ts'
import { fileProblem } from '../../../src/settings/json-messages.ts'
import { parseJsonc } from '../../../src/settings/jsonc.ts'
import { linesOf } from '../../../src/settings/lines.ts'
import { finish } from '../../../src/util/slices.ts'

/** The value of a file's text, and its lines. */
function parsed(text: string) {
  const scanner = createScanner(text)
  const json = finish(parseJsonc(scanner, (each) => fileProblem(text, 'x.json', scanner, each)))
  return { value: json.value, lines: linesOf(json) }
}

/** The path of every value, as `parseJsonc` writes them. */
function pathsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return [path, ...value.flatMap((item, index) => pathsOf(item, `${path}[${index}]`))]
  }
  if (typeof value !== 'object' || value === null) return [path]
  const members = Object.entries(value)
  return [
    path,
    ...members.flatMap(([name, item]) => pathsOf(item, path === '' ? name : `${path}.${name}`)),
  ]
}

const word = fc.stringMatching(/^[a-z]{1,5}$/)
const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 0 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  ),
})).value

describe('the lines of JSON', () => {
  it('are those of each member and item', () => {
    const text = '{\n  "a": 1,\n  "b": [\n    {},\n    {"c":\n null}\n  ]\n}'
    const { lines, value } = parsed(text)
    expect(Object.fromEntries(pathsOf(value).map((path) => [path, lines.get(path)]))).toEqual({
      '': 1,
      a: 2,
      b: 3,
      'b[0]': 4,
      'b[1]': 5,
      'b[1].c': 5,
    })
  })

  it('are found for every value of whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(undefined, 2, '\t'), (given, indent) => {
        const text = JSON.stringify(given, null, indent)
        const { value, lines } = parsed(text)
        expect(value).toEqual(JSON.parse(text))
        const found = pathsOf(given).map((path) => lines.get(path))
        expect(found.every((line) => line !== undefined)).toBe(true)
        const isOnOneLine = indent === undefined
        expect(Math.max(...found.map(Number))).toBeLessThanOrEqual(
          isOnOneLine ? 1 : text.split('\n').length,
        )
        for (const path of ['nothing', '[99]', 'a.nothing', '[0].nothing', 'a[99]'])
          expect(lines.get(path)).toBeUndefined()
      }),
    )
  })

  it('are found where names have dots and brackets themselves', () => {
    const { lines } = parsed('{"a": {\n"b.c": 1,\n"b": {\n"c.d[0]": [\n2]}},\n"a.b": [\n3]}')
    const places = ['a.b.c', 'a.b', 'a.b.c.d[0]', 'a.b.c.d[0][0]', 'a.b[0]']
    expect(places.map((path) => lines.get(path))).toEqual([2, 3, 4, 5, 7])
  })

  it('count comments and Windows line breaks', () => {
    const { lines } = parsed('/* a\r\n b\n*/{\r\n// c\r\n"a": 1}')
    expect(lines.get('a')).toBe(5)
  })
})

describe('JSON with comments', () => {
  it.each([
    ['a comment to the end of a line', '// one\n{"a": 1} // two'],
    ['a comment over several lines', '/* one\n two */ {"a": /* here */ 1}'],
    ['a trailing comma of an object', '{"a": 1,\n}'],
    ['what looks like a comment in a text', '{"a": 1, "url": "http://b//c", "d": "/* */"}'],
  ])('may have %s', (_, text) => {
    const { value } = parsed(text)
    expect(value).toMatchObject({ a: 1 })
  })

  it('may have a trailing comma of an array, and keeps the lines', () => {
    const { value, lines } = parsed('[\n// one\n1,\n2,\n]')
    expect(value).toEqual([1, 2])
    expect(lines.get('[1]')).toBe(4)
  })

  it('has a property with any name, and no prototype by one', () => {
    const { value } = parsed('{"__proto__": {"a": 1}}')
    expect(Object.keys(value as object)).toEqual(['__proto__'])
    expect((value as { a?: number }).a).toBeUndefined()
  })
})

describe('what is no JSON is refused', () => {
  it.each([
    ['{"a": 1', 1, 'expected "," or "}", got the end.'],
    ["{'a': 1}", 1, 'expected JSON, got "\'a\': 1}".'],
    ['[1,\n\n2 3]', 3, 'expected ",", got "3]".'],
    ['{} x', 1, 'expected JSON, got "x".'],
    ['{} {}', 1, 'expected the end, got "{}".'],
    ['{"a" 1}', 1, 'expected ":", got "1}".'],
    ['{"a": 1\n"b": 2}', 2, 'expected ",", got "\\"b\\": 2}".'],
    ['{"a": ]}', 1, 'expected a value, got "]}".'],
    ['', 1, 'expected a value, got the end.'],
    ['// only a comment', 1, 'expected a value, got the end.'],
    ['{"a": 1,\n"b": 2,\n"a": 3}', 3, 'a: given on line 1 already; remove one of them.'],
    ['{"a": [{"b": 1,\n"b": 2}]}', 2, 'a[0].b: given on line 1 already; remove one of them.'],
  ])('%j', (text, line, message) => {
    expect(() => parsed(text)).toThrow(SettingsError)
    expect(() => parsed(text)).toThrow(`x.json:${line}: ${message}`)
  })

  it('is refused where it nests too deep', () => {
    expect(() => parsed('['.repeat(1e5))).toThrow('at most 64 levels')
  })

  it('accepts what JSON.parse accepts, and besides that trailing commas alone', () => {
    const piece = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', '-', 'null', ' ', '\n')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('')
        const isJson = accepts(text)
        const isJsonc = accepts(text, parsed)
        if (isJson) expect(isJsonc).toBe(true)
        const bare = text.replace(/(?<=["1l}\]])([ \n]*),([ \n]*[}\]])/g, '$1$2')
        if (isJsonc) expect(accepts(bare)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })
})

function accepts(text: string, parse: (text: string) => unknown = JSON.parse): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
