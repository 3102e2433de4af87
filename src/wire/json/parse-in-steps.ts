/**
 * Parses JSON text of megabytes in steps, between which other work may run: `JSON.parse` takes Node 2 ms for each
 * megabyte, in which no stream could go on.
 */
import { setField } from '../../util/parse-json.ts'
import type { Steps } from '../../util/slices.ts'
import { Cuts, LONG_ITEM } from './cuts.ts'
import { endOfString } from './depth.ts'
import { parseExact, type Scanned } from './exact-integers.ts'
import type { Outline } from './outline.ts'

/**
 * Commas that part a value into runs, and further ones that part what is within it: those of each level of nesting
 * in turn, as far as they are known.
 */
type Levels = readonly (readonly number[])[]

/**
 * The value of a JSON text, given as UTF-8 bytes, as `parseExact` returns it. Throws a `SyntaxError`, and what
 * `decode` throws of bytes that are not UTF-8. `outline` and `scanned`: what `scanInSteps` found.
 *
 * Each run of fields or items is parsed by `JSON.parse`, with brackets around it. So no text is accepted that is
 * not JSON: where all runs are lists with an item at least, the list of all of them is one.
 */
export function parseInSteps(
  bytes: Uint8Array,
  { marks, cuts }: Outline,
  scanned: Scanned,
  decode: (bytes: Uint8Array) => string,
): Steps<unknown> {
  const isObject = bytes[marks[0] ?? 0] === OBJECT.open
  const levels = isObject ? [commasOf(bytes, marks), cuts?.positions ?? []] : undefined
  return new Parser(bytes, cuts?.strings, scanned, decode).value(0, bytes.length, levels)
}

/**
 * Of the commas between the outermost fields, those that part them into runs. Throws a `SyntaxError` where there is
 * something else between two fields: `{"a":1:"b":2}` has colons there, and its runs are good JSON.
 */
function commasOf(bytes: Uint8Array, marks: readonly number[]): number[] {
  const cuts = new Cuts()
  cuts.begin(marks[0] ?? 0)
  for (let at = 2; at < marks.length - 1; at += 2) {
    const comma = marks[at] as number
    if (bytes[comma] !== COMMA) throw new SyntaxError('a comma is missing')
    cuts.comma(comma)
  }
  cuts.end(marks.at(-1) ?? 0)
  return cuts.positions
}

type Fields = Record<string, unknown>

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const LIST = { open: 0x5b, close: 0x5d }
const OBJECT = { open: 0x7b, close: 0x7d }

/** The longest run that is parsed at once. */
const LONGEST = 2 * LONG_ITEM

/** Bytes of the longest escape in a string, `\u0000`. */
const ESCAPE = 6

/** Levels of nesting of which the commas are found at once, as in the parts of a message's content. */
const LEVELS = 8

class Parser {
  readonly #bytes: Uint8Array
  /** Where long strings end. */
  readonly #strings: ReadonlyMap<number, number>
  readonly #scanned: Scanned
  readonly #decode: (bytes: Uint8Array) => string
  /** The number of long integers that precede what is parsed next. */
  #passed = 0
  /** A run, with brackets around it. */
  readonly #run = new Uint8Array(LONGEST + 2)

  constructor(
    bytes: Uint8Array,
    strings: ReadonlyMap<number, number> = new Map(),
    scanned: Scanned,
    decode: (bytes: Uint8Array) => string,
  ) {
    this.#bytes = bytes
    this.#strings = strings
    this.#scanned = scanned
    this.#decode = decode
  }

  /** The value between two positions, with white space around it. */
  *value(start: number, end: number, levels?: Levels): Steps<unknown> {
    const bytes = this.#bytes
    const first = skipSpace(bytes, start, end)
    let last = end - 1
    while (last > first && isSpace(bytes[last])) last--
    if (last - first >= LONGEST) {
      const [open, close] = [bytes[first], bytes[last]]
      if (open === QUOTE && close === QUOTE) return yield* this.#string(first, last)
      const isList = open === LIST.open && close === LIST.close
      const isObject = open === OBJECT.open && close === OBJECT.close
      if ((isList || isObject) && skipSpace(bytes, first + 1, last) < last) {
        const known = levels ?? (yield* this.#levelsOf(first, last))
        return yield* isList ? this.#array(first, last, known) : this.#object(first, last, known)
      }
    }
    return this.#parse(bytes.subarray(first, last + 1), first, last + 1)
  }

  *#array(open: number, last: number, [cuts = [], ...deeper]: Levels): Steps<unknown[]> {
    const all: unknown[] = []
    for (const [start, end] of runs(open, last, cuts)) {
      if (end - start > LONGEST) all.push(yield* this.value(start, end, within(deeper, start, end)))
      else {
        const items = this.#parseRun(start, end, LIST) as unknown[]
        if (items.length === 0) throw new SyntaxError('an item is missing')
        for (const item of items) all.push(item)
      }
      yield
    }
    return all
  }

  *#object(open: number, last: number, [cuts = [], ...deeper]: Levels): Steps<Fields> {
    const all: Fields = {}
    for (const [start, end] of runs(open, last, cuts)) {
      if (end - start > LONGEST) {
        const { key, colon } = this.#key(start, end)
        setField(all, key, yield* this.value(colon + 1, end, within(deeper, colon, end)))
      } else {
        const fields = this.#parseRun(start, end, OBJECT) as Fields
        const keys = Object.keys(fields)
        if (keys.length === 0) throw new SyntaxError('a field is missing')
        for (const key of keys) setField(all, key, fields[key])
      }
      yield
    }
    return all
  }

  /** The key of the field between two positions, and where its colon is. */
  #key(start: number, end: number): { key: string; colon: number } {
    const bytes = this.#bytes
    const open = skipSpace(bytes, start, end)
    const close = bytes[open] === QUOTE ? endOfString(bytes, open) : end
    const colon = skipSpace(bytes, close + 1, end)
    if (bytes[colon] !== COLON || colon >= end) throw new SyntaxError('a key is missing')
    return { key: JSON.parse(this.#decode(bytes.subarray(open, close + 1))) as string, colon }
  }

  /** A string of megabytes, whose quotes are at `open` and `last`. */
  *#string(open: number, last: number): Steps<string> {
    let text = ''
    for (let start = open + 1; start < last; ) {
      const end = start + LONGEST < last ? this.#cutString(start, start + LONGEST) : last
      text += this.#parseRun(start, end, { open: QUOTE, close: QUOTE }) as string
      start = end
      yield
    }
    return text
  }

  /** A position at or soon before `at` that is within no escape and no character. */
  #cutString(start: number, at: number): number {
    const bytes = this.#bytes
    let cut = at
    while (cut > at - 4 && ((bytes[cut] as number) & 0xc0) === 0x80) cut--
    let last = cut - 1
    while (last > cut - ESCAPE && bytes[last] !== BACKSLASH) last--
    if (bytes[last] !== BACKSLASH) return cut
    let first = last
    while (first > start && bytes[first - 1] === BACKSLASH) first--
    // Of an odd number of backslashes the last one begins an escape; of an even number it is escaped itself.
    return (last - first) % 2 === 0 ? last : cut
  }

  /** Parses what is between two positions, with brackets around it. */
  #parseRun(start: number, end: number, { open, close }: { open: number; close: number }): unknown {
    const run = this.#run
    const length = end - start
    run[0] = open
    run.set(this.#bytes.subarray(start, end), 1)
    run[length + 1] = close
    return this.#parse(run.subarray(0, length + 2), start - 1, end + 1)
  }

  /** Parses the text between two positions, of which `bytes` is a copy. Called in the order of the text. */
  #parse(bytes: Uint8Array, start: number, end: number): unknown {
    const { longIntegers: all, hasEscapedKeys = false } = this.#scanned
    const long: number[] = []
    for (; (all[this.#passed] ?? end) < end; this.#passed += 2) {
      const at = this.#passed
      long.push((all[at] as number) - start, (all[at + 1] as number) - start)
    }
    return parseExact(bytes, { longIntegers: long, hasEscapedKeys }, this.#decode)
  }

  /** The commas in a list or an object whose brackets are at `open` and `last`. */
  *#levelsOf(open: number, last: number): Steps<Levels> {
    const bytes = this.#bytes
    const levels = Array.from({ length: LEVELS }, () => new Cuts())
    let depth = -1
    let until = open
    for (let at = open; at <= last; at++) {
      const byte = bytes[at] as number
      if (byte === QUOTE) at = this.#strings.get(at) ?? endOfString(bytes, at)
      else if (byte === LIST.open || byte === OBJECT.open) levels[++depth]?.begin(at)
      else if (byte === LIST.close || byte === OBJECT.close) levels[depth--]?.end(at)
      else if (byte === COMMA) levels[depth]?.comma(at)
      if (at < until) continue
      until = at + LONG_ITEM
      yield
    }
    return levels.map(({ positions }) => positions)
  }
}

/** The start and end of each run between two brackets. */
function* runs(open: number, last: number, cuts: readonly number[]): Generator<[number, number]> {
  let start = open + 1
  for (const cut of cuts) {
    yield [start, cut]
    start = cut + 1
  }
  yield [start, last]
}

/** Those of the commas between two positions; undefined where none are known. */
function within(levels: Levels, start: number, end: number): Levels | undefined {
  if (levels.length === 0) return undefined
  return levels.map((commas) => commas.filter((at) => at > start && at < end))
}

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && isSpace(bytes[at])) at++
  return at
}

/** White space of JSON: https://www.rfc-editor.org/rfc/rfc8259#section-2 */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
