/**
 * The tokens of `SLUICE_CONFIG`: JSON as in a settings file, with comments. They are found here since
 * jsonc-parser, which finds those of a file, would add 2 kB to every worker's bundle.
 */
import { type Scanner, TOKEN } from './jsonc.ts'

// A space or comment, a string, a number, or a word or mark. Each has one way to match, and no group
// repeats an empty text, so that it takes linear time.
const TOKENS =
  /([ \t\r\n]+|\/\/[^\r\n]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)|("[ !#-[\]-\u{10ffff}]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\u{10ffff}]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|true|false|null|[{}[\],:]/uy

const KINDS: Readonly<Record<string, number>> = {
  '{': TOKEN.openBrace,
  '}': TOKEN.closeBrace,
  '[': TOKEN.openBracket,
  ']': TOKEN.closeBracket,
  ',': TOKEN.comma,
  ':': TOKEN.colon,
  null: TOKEN.null,
  true: TOKEN.true,
  false: TOKEN.false,
}

/** The same interface as that of jsonc-parser's scanner. */
export function scanConfigText(text: string): Scanner {
  let start = 0
  let end = 0
  let value = ''
  let line = 0
  let lineStart = 0

  function scan(): number {
    start = end
    if (start === text.length) return TOKEN.end
    TOKENS.lastIndex = start
    const [token, space, string, number] = TOKENS.exec(text) ?? []
    if (token === undefined) return TOKEN.unknown
    end = start + token.length
    if (space !== undefined) {
      countLines(space)
      return TOKEN.space
    }
    value = string === undefined ? token : JSON.parse(string)
    if (string !== undefined) return TOKEN.string
    return number === undefined ? (KINDS[token] ?? TOKEN.unknown) : TOKEN.number
  }

  function countLines(space: string): void {
    for (const { 0: end, index } of space.matchAll(/\r\n?|\n/g)) {
      line++
      lineStart = start + index + end.length
    }
  }

  return {
    scan,
    getTokenError: () => 0,
    getTokenValue: () => value,
    getTokenOffset: () => start,
    getTokenStartLine: () => line,
    getTokenStartCharacter: () => start - lineStart,
  }
}
