import { MAX_DEPTH } from '../wire/json/depth.ts'

/** Where things stand in JSON text: `JSON.parse` tells of errors in each engine's own words, or not at all. */

/** The line, from 1, of each value and member, by its path: `keys[0].hash`; the root's is ''. */
export type Lines = Map<string, number>

const STRING = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"`
const NUMBER = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`
const TOKEN = new RegExp(`[ \t\r\n]*(${STRING}|${NUMBER}|true|false|null|[[\\]{},:])`, 'y')

/** What is no JSON, and where. */
export class JsonLineError extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** The lines of all that a JSON text holds. Throws a `JsonLineError` where it is none. */
export function readLines(text: string): Lines {
  const lines: Lines = new Map()
  const scanner = new Scanner(text)
  readValue(scanner, '', lines)
  if (scanner.next() !== '') throw scanner.error('the end')
  return lines
}

class Scanner {
  readonly #text: string
  #at = 0
  #depth = 0
  /** Where the last token begins. */
  #start = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The next token; '' at the end. Throws where there is none. */
  next(): string {
    TOKEN.lastIndex = this.#at
    const found = TOKEN.exec(this.#text)
    if (found === null) {
      this.#start = this.#at + (/^[ \t\r\n]*/.exec(this.#text.slice(this.#at))?.[0].length ?? 0)
      if (this.#start === this.#text.length) return ''
      throw this.error('JSON')
    }
    const token = found[1] as string
    this.#at = TOKEN.lastIndex
    this.#start = this.#at - token.length
    return token
  }

  /** Goes levels deeper; what nests too deep would overflow the stack. */
  deepen(levels: number): void {
    this.#depth += levels
    if (this.#depth > MAX_DEPTH) throw this.error(`JSON nested at most ${MAX_DEPTH} levels deep`)
  }

  /** The line of the last token. */
  get line(): number {
    return this.#text.slice(0, this.#start).split('\n').length
  }

  error(expected: string): JsonLineError {
    const rest = this.#text.slice(this.#start, this.#start + 20).split('\n')[0]
    const came = rest ? JSON.stringify(rest) : 'the end'
    return new JsonLineError(this.line, `expected ${expected}, got ${came}.`)
  }
}

function readValue(scanner: Scanner, path: string, lines: Lines, token = scanner.next()): void {
  scanner.deepen(1)
  if (!lines.has(path)) lines.set(path, scanner.line)
  if (token === '{') readMembers(scanner, path, lines)
  else if (token === '[') readItems(scanner, path, lines)
  else if (token === '' || /^[\]},:]/.test(token)) throw scanner.error('a value')
  scanner.deepen(-1)
}

function readMembers(scanner: Scanner, path: string, lines: Lines): void {
  let token = scanner.next()
  if (token === '}') return
  for (;;) {
    if (!token.startsWith('"')) throw scanner.error('a name in double quotes')
    const name = JSON.parse(token) as string
    const member = path === '' ? name : `${path}.${name}`
    lines.set(member, scanner.line)
    if (scanner.next() !== ':') throw scanner.error('":"')
    readValue(scanner, member, lines)
    const end = scanner.next()
    if (end === '}') return
    if (end !== ',') throw scanner.error('"," or "}"')
    token = scanner.next()
  }
}

function readItems(scanner: Scanner, path: string, lines: Lines): void {
  let token = scanner.next()
  if (token === ']') return
  for (let index = 0; ; index++) {
    readValue(scanner, `${path}[${index}]`, lines, token)
    const end = scanner.next()
    if (end === ']') return
    if (end !== ',') throw scanner.error('"," or "]"')
    token = scanner.next()
  }
}
