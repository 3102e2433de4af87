/**
 * JSON with comments and trailing commas, and the line of each of its values. The tokens of a file are
 * jsonc-parser's. Its parser is not used, as it reads the whole text at once, keeps the last of two
 * values with one name, and calls itself for each level of nesting.
 */
import type { Steps } from '../util/slices.ts'
import { MAX_DEPTH } from '../wire/json/depth.ts'

/** Finds the tokens of a text: what the parser needs of jsonc-parser's scanner. */
export interface Scanner {
  /** Goes to the next token, and returns its kind; spaces and comments are tokens as well. */
  scan(): number
  /** Other than 0 where the token is none. */
  getTokenError(): number
  getTokenValue(): string
  getTokenOffset(): number
  /** From 0, like the next one. */
  getTokenStartLine(): number
  getTokenStartCharacter(): number
}

/** What may come next. */
export type Wanted = 'value' | 'item' | 'name' | 'colon' | 'separator' | 'end'

/** What is wrong with a text, at the token that the scanner found last. */
export interface JsonProblem {
  kind: 'token' | 'expected' | 'twice' | 'depth'
  wanted: Wanted
  /** The objects and arrays that are not closed there, the innermost last. */
  open: readonly OpenJson[]
}

/** The lines, from 1, of an object's members, or of an array's items. */
export type MemberLines = Map<string | number, number>

/** The value of a text, and where the lines of its parts are: what `linesOf` needs. */
export interface ParsedJson {
  value: unknown
  line: number
  members: WeakMap<object, MemberLines>
}

/** jsonc-parser's kinds of tokens: its own names are lost when it is compiled. */
export const TOKEN = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  null: 7,
  true: 8,
  false: 9,
  string: 10,
  number: 11,
  lineComment: 12,
  space: 15,
  unknown: 16,
  end: 17,
}

/** Tokens of one step: a tenth of a millisecond. */
const TOKENS_PER_STEP = 512

/** An object or array that is not closed yet. */
export interface OpenJson {
  closedBy: number
  /** By name or index; what has one twice is found by it too. */
  lines: MemberLines
  entries: [string, unknown][]
  items: unknown[]
  /** The name, or the index, of the member that is being read. */
  at: string | number
}

/** Parses a text in steps. Throws what `refuse` makes of the first problem. */
export function parseJsonc(
  scanner: Scanner,
  refuse: (problem: JsonProblem) => Error,
): Steps<ParsedJson> {
  return new Reader(scanner, refuse).read()
}

class Reader {
  readonly #scanner: Scanner
  readonly #refuse: (problem: JsonProblem) => Error
  readonly #members = new WeakMap<object, MemberLines>()
  readonly #open: OpenJson[] = []
  #wanted: Wanted = 'value'
  #root: unknown
  #rootLine = 1

  constructor(scanner: Scanner, refuse: (problem: JsonProblem) => Error) {
    this.#scanner = scanner
    this.#refuse = refuse
  }

  *read(): Steps<ParsedJson> {
    const scanner = this.#scanner
    for (let count = 1; ; count++) {
      const token = scanner.scan()
      if (count % TOKENS_PER_STEP === 0) yield
      if (scanner.getTokenError() !== 0 || token === TOKEN.unknown) throw this.#problem('token')
      if (token >= TOKEN.lineComment && token <= TOKEN.space) continue
      if (token === TOKEN.end && this.#wanted === 'end') break
      this.#wanted = this.#take(token)
    }
    return { value: this.#root, line: this.#rootLine, members: this.#members }
  }

  /** What may come after the token. */
  #take(token: number): Wanted {
    const wanted = this.#wanted
    const inner = this.#open.at(-1)
    if (wanted === 'colon' && token === TOKEN.colon) return 'value'
    if (wanted === 'separator' && token === TOKEN.comma && inner) return next(inner)
    if (wanted === 'name' && token === TOKEN.string && inner) return this.#begin(inner)
    if (token === inner?.closedBy && wanted !== 'value' && wanted !== 'colon')
      return this.#close(inner)
    if (wanted === 'value' || wanted === 'item') return this.#takeValue(token, inner)
    throw this.#problem('expected')
  }

  /** Begins a member of an object with its name. */
  #begin(inner: OpenJson): Wanted {
    const name = this.#scanner.getTokenValue()
    inner.at = name
    if (inner.lines.has(name)) throw this.#problem('twice')
    inner.lines.set(name, this.#line)
    return 'colon'
  }

  #takeValue(token: number, inner: OpenJson | undefined): Wanted {
    if (inner === undefined) this.#rootLine = this.#line
    else if (inner.closedBy === TOKEN.closeBracket) inner.lines.set(inner.at, this.#line)
    if (token === TOKEN.openBrace) return this.#nest(TOKEN.closeBrace)
    if (token === TOKEN.openBracket) return this.#nest(TOKEN.closeBracket)
    if (token === TOKEN.string) return this.#add(this.#scanner.getTokenValue())
    if (token === TOKEN.number) return this.#add(Number(this.#scanner.getTokenValue()))
    if (token === TOKEN.null) return this.#add(null)
    if (token === TOKEN.true || token === TOKEN.false) return this.#add(token === TOKEN.true)
    throw this.#problem('expected')
  }

  #nest(closedBy: number): Wanted {
    if (this.#open.length === MAX_DEPTH) throw this.#problem('depth')
    this.#open.push({ closedBy, lines: new Map(), entries: [], items: [], at: 0 })
    return closedBy === TOKEN.closeBrace ? 'name' : 'item'
  }

  #close({ closedBy, lines, entries, items }: OpenJson): Wanted {
    // `Object.fromEntries` makes `__proto__` a property like any other.
    const value = closedBy === TOKEN.closeBrace ? Object.fromEntries(entries) : items
    this.#members.set(value, lines)
    this.#open.pop()
    return this.#add(value)
  }

  #add(value: unknown): Wanted {
    const inner = this.#open.at(-1)
    if (inner === undefined) {
      this.#root = value
      return 'end'
    }
    if (typeof inner.at === 'string') inner.entries.push([inner.at, value])
    else inner.items.push(value)
    return 'separator'
  }

  get #line(): number {
    return this.#scanner.getTokenStartLine() + 1
  }

  #problem(kind: JsonProblem['kind']): Error {
    return this.#refuse({ kind, wanted: this.#wanted, open: this.#open })
  }
}

/** What may come after a comma. */
function next(inner: OpenJson): Wanted {
  if (inner.closedBy === TOKEN.closeBrace) return 'name'
  inner.at = inner.items.length
  return 'item'
}
