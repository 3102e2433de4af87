/** JSON with comments and trailing commas, and the line of each of its values. */
import type { Node, ParseError } from 'jsonc-parser'
import { MAX_DEPTH } from '../wire/json/depth.ts'
import { SettingsError } from './error.ts'

/** The line, from 1, of each value and property, by its path: `keys[0].hash`; the root's is ''. */
export type Lines = Map<string, number>

/** What the parser found missing, by the names of its errors. */
const EXPECTED: Readonly<Record<string, string>> = {
  PropertyNameExpected: 'a name in double quotes',
  ValueExpected: 'a value',
  ColonExpected: '":"',
  CommaExpected: '","',
  CloseBraceExpected: '"," or "}"',
  CloseBracketExpected: '"," or "]"',
  EndOfFileExpected: 'the end',
  UnexpectedEndOfComment: '"*/"',
  UnexpectedEndOfString: 'a string that ends on its line',
  UnexpectedEndOfNumber: 'a number',
  InvalidUnicode: 'four hexadecimal digits after \\u',
  InvalidEscapeCharacter: 'an escape that JSON has, such as \\n',
  InvalidCharacter: 'an escape such as \\n for a control character',
}

/** The parser's kinds of tokens. */
const TOKEN = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 }

/**
 * Parses the text of the file that messages call `name`. Rejects with a `SettingsError` that names the
 * line where it is not JSON, and where an object has a name twice.
 */
export async function parseJsonc(
  text: string,
  name: string,
): Promise<{ value: unknown; lines: Lines }> {
  // Loaded for a file alone: a start without one, and a worker, do without the parser.
  const parser = await import('jsonc-parser')
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const wrong = (offset: number, message: string) =>
    new SettingsError(`${name}:${lineAt(offset)}: ${message}`)
  const deep = tooDeep(parser, text)
  if (deep !== undefined) throw wrong(deep, `expected at most ${MAX_DEPTH} levels of nesting.`)
  const errors: ParseError[] = []
  const tree = parser.parseTree(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first !== undefined) {
    const expected = EXPECTED[parser.printParseErrorCode(first.error)] ?? 'JSON'
    throw wrong(first.offset, `expected ${expected}, got ${shownAt(text, first.offset)}.`)
  }
  if (tree === undefined) throw wrong(text.length, 'expected a value, got the end.')
  const lines: Lines = new Map()
  return { value: read(tree, ''), lines }

  function read(node: Node, path: string): unknown {
    if (!lines.has(path)) lines.set(path, lineAt(node.offset))
    const { type, children = [] } = node
    if (type === 'array') return children.map((item, at) => read(item, `${path}[${at}]`))
    if (type !== 'object') return node.value
    const names = new Set<string>()
    const entries = children.map(({ children: [key, value] = [] }) => {
      if (key === undefined || value === undefined) throw new TypeError('a property has two parts')
      const member = String(key.value)
      const memberPath = path === '' ? member : `${path}.${member}`
      if (names.has(member)) {
        const before = lines.get(memberPath)
        throw wrong(
          key.offset,
          `${memberPath}: given on line ${before} already; remove one of them.`,
        )
      }
      names.add(member)
      lines.set(memberPath, lineAt(key.offset))
      return [member, read(value, memberPath)] as const
    })
    return Object.fromEntries(entries)
  }
}

/** Where the text nests deeper than the parser, which calls itself, should go. */
function tooDeep({ createScanner }: typeof import('jsonc-parser'), text: string) {
  const scanner = createScanner(text, true)
  let depth = 0
  for (let token: number = scanner.scan(); token !== TOKEN.end; token = scanner.scan()) {
    if (token === TOKEN.openBrace || token === TOKEN.openBracket) depth += 1
    if (token === TOKEN.closeBrace || token === TOKEN.closeBracket) depth -= 1
    if (depth > MAX_DEPTH) return scanner.getTokenOffset()
  }
  return undefined
}

/** What stands in a text, up to the end of its line. */
function shownAt(text: string, offset: number): string {
  const [rest] = text.slice(offset, offset + 20).split(/\r?\n/)
  return rest ? JSON.stringify(rest) : 'the end'
}
