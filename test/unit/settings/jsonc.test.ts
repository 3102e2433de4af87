import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SettingsError } from '../../../src/settings/error.ts'
import { parseJsonc } from '../../../src/settings/jsonc.ts'

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
  it('are those of each member and item', async () => {
    const text = '{\n  "a": 1,\n  "b": [\n    {},\n    {"c":\n null}\n  ]\n}'
    const { lines } = await parseJsonc(text, 'x.json')
    expect(Object.fromEntries(lines)).toEqual({
      '': 1,
      a: 2,
      b: 3,
      'b[0]': 4,
      'b[1]': 5,
      'b[1].c': 5,
    })
  })

  it('are found for every value of whatever JSON.stringify writes', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.constantFrom(undefined, 2, '\t'), async (given, indent) => {
        const { value, lines } = await parseJsonc(JSON.stringify(given, null, indent), 'x.json')
        expect(value).toEqual(JSON.parse(JSON.stringify(given)))
        expect(new Set(lines.keys())).toEqual(new Set(pathsOf(given)))
      }),
    )
  })
})

describe('JSON with comments', () => {
  it.each([
    ['a comment to the end of a line', '// one\n{"a": 1} // two'],
    ['a comment over several lines', '/* one\n two */ {"a": /* here */ 1}'],
    ['a trailing comma of an object', '{"a": 1,\n}'],
    ['what looks like a comment in a text', '{"a": 1, "url": "http://b//c", "d": "/* */"}'],
  ])('may have %s', async (_, text) => {
    const { value } = await parseJsonc(text, 'x.json')
    expect(value).toMatchObject({ a: 1 })
  })

  it('may have a trailing comma of an array, and keeps the lines', async () => {
    const { value, lines } = await parseJsonc('[\n// one\n1,\n2,\n]', 'x.json')
    expect(value).toEqual([1, 2])
    expect(lines.get('[1]')).toBe(4)
  })

  it('has a property with any name, and no prototype by one', async () => {
    const { value } = await parseJsonc('{"__proto__": {"a": 1}}', 'x.json')
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
  ])('%j', async (text, line, message) => {
    const refused = parseJsonc(text, 'x.json')
    await expect(refused).rejects.toThrow(SettingsError)
    await expect(refused).rejects.toThrow(`x.json:${line}: ${message}`)
  })

  it('is refused where it nests too deep', async () => {
    await expect(parseJsonc('['.repeat(1e5), 'x.json')).rejects.toThrow('at most 64 levels')
  })

  it('accepts what JSON.parse accepts, and besides that trailing commas alone', async () => {
    const piece = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', '-', 'null', ' ', '\n')
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const text = pieces.join('')
        const isJson = accepts(text)
        const isJsonc = await parseJsonc(text, 'x').then(
          () => true,
          () => false,
        )
        if (isJson) expect(isJsonc).toBe(true)
        const bare = text.replace(/(?<=["1l}\]])([ \n]*),([ \n]*[}\]])/g, '$1$2')
        if (isJsonc) expect(accepts(bare)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })
})

function accepts(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
