import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonLineError, readLines } from '../../../src/settings/json-lines.ts'

/** The path of every value, as `readLines` writes them. */
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
    expect(Object.fromEntries(readLines(text))).toEqual({
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
      fc.property(tree, fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        const lines = readLines(JSON.stringify(value, null, indent))
        expect(new Set(lines.keys())).toEqual(new Set(pathsOf(value)))
      }),
    )
  })
})

describe('what is no JSON', () => {
  it.each([
    ['{"a": 1', 1, 'expected "," or "}", got the end.'],
    ['{"a": 1,\n}', 2, 'expected a name in double quotes, got "}".'],
    ["{'a': 1}", 1, 'expected JSON, got "\'a\': 1}".'],
    ['[1,\n\n2 3]', 3, 'expected "," or "]", got "3]".'],
    ['{} x', 1, 'expected JSON, got "x".'],
    ['{} {}', 1, 'expected the end, got "{}".'],
    ['{"a": "\t"}', 1, 'expected JSON, got "\\"\\t\\"}".'],
    ['{"a" 1}', 1, 'expected ":", got "1}".'],
    ['// a comment\n{}', 1, 'expected JSON, got "// a comment".'],
  ])('%j', (text, line, message) => {
    expect(() => JSON.parse(text)).toThrow()
    try {
      readLines(text)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(JsonLineError)
      expect(error).toMatchObject({ line, message })
    }
  })

  it('is refused where it nests too deep', () => {
    expect(() => readLines('['.repeat(1e5))).toThrow('JSON nested at most 64 levels deep')
  })

  it('is the same for JSON.parse', () => {
    const piece = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', '-', 'null', ' ', '\n')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('')
        expect(accepts(() => readLines(text))).toBe(accepts(() => JSON.parse(text)))
      }),
      { numRuns: 2_000 },
    )
  })
})

function accepts(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
