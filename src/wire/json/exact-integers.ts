/**
 * JSON whose integers keep all their digits. A double holds integers exactly up to 2^53; clients draw
 * seeds of 64 bits, and schemas name the bounds of 64-bit integers.
 */

import { isObject } from '../../util/object.ts'
import { parseJson, setField } from '../../util/parse-json.ts'
import { type JsonScan, scanJson } from './scan.ts'

/** JSON.rawJSON: https://tc39.es/proposal-json-parse-with-source/ (not in Node before 22). */
interface RawJson {
  rawJSON?: (text: string) => object
  isRawJSON?: (value: unknown) => boolean
}
const { rawJSON, isRawJSON } = JSON as RawJson

/**
 * Parses JSON text, given as UTF-8 bytes. The second argument is what `scanJson` found in it. Integers that a number
 * can't represent become objects that `JSON.stringify` writes with all digits. Throws a `SyntaxError`.
 *
 * They are marked in the text and then replaced in the parsed value: a reviver, which is called for every
 * value, takes Node 1 s for a million values, this takes 0.02 s.
 *
 * @example
 * const bytes = new TextEncoder().encode('{"seed":18446744073709551615}')
 * JSON.stringify(parseExact(bytes, scanJson(bytes), decode)) // '{"seed":18446744073709551615}'
 */
export function parseExact(
  bytes: Uint8Array,
  { longIntegers: long, hasEscapedKeys }: Scanned,
  decode: (bytes: Uint8Array) => string,
): unknown {
  const parse = hasEscapedKeys ? parseJson : parseAny
  if (long.length === 0 || rawJSON === undefined) return parse(decode(bytes))
  const mark = crypto.randomUUID()
  return withoutMarks(parse(decode(withMarks(bytes, long, mark))), mark, rawJSON)
}

/** What a scan found that `JSON.parse` does not read as it is written. */
export type Scanned = Pick<JsonScan, 'longIntegers' | 'hasEscapedKeys'>

const parseAny = (text: string): unknown => JSON.parse(text)

/** Shorter integers never lose digits. */
const LONG = /\d{16}/

/**
 * Parses JSON text as `parseExact` does. Throws a `SyntaxError`.
 *
 * @example
 * JSON.stringify(parseExactText('[18446744073709551615]')) // '[18446744073709551615]'
 */
export function parseExactText(text: string): unknown {
  if (!LONG.test(text)) return parseJson(text)
  const bytes = new TextEncoder().encode(text)
  const { longIntegers } = scanJson(bytes)
  const scanned = { longIntegers, hasEscapedKeys: true }
  return parseExact(bytes, scanned, (part) => new TextDecoder().decode(part))
}

/**
 * Serializes a value that was parsed from `text` by `parseJson` and then changed: integers that were not
 * changed get all their digits back.
 *
 * @example
 * const text = '{"id":18446744073709551615}'
 * stringifyExact({ ...parseJson(text), n: 1 }, text) // '{"id":18446744073709551615,"n":1}'
 */
export function stringifyExact(value: unknown, text: string): string {
  return JSON.stringify(LONG.test(text) ? withDigits(value, parseExactText(text)) : value)
}

/** Restores the digits of `exact` in the value, in place, where both have the same number. */
function withDigits(value: unknown, exact: unknown): unknown {
  const digits = exactDigits(exact)
  if (digits !== undefined) return value === Number(digits) ? exact : value
  if (typeof value !== 'object' || typeof exact !== 'object') return value
  if (value === null || exact === null) return value
  const [holder, source] = [value, exact] as Record<string, unknown>[]
  for (const key of Object.keys(source as object)) {
    if (!Object.hasOwn(value, key)) continue
    const item = holder?.[key]
    const changed = withDigits(item, source?.[key])
    if (changed !== item) setField(value as Record<string, unknown>, key, changed)
  }
  return value
}

/** The text with each of these integers as a string that starts with the mark. */
function withMarks(bytes: Uint8Array, long: readonly number[], mark: string): Uint8Array {
  const before = new TextEncoder().encode(`"${mark}`)
  const all = new Uint8Array(bytes.length + (long.length / 2) * (before.length + 1))
  let read = 0
  let written = 0
  const write = (part: Uint8Array) => {
    all.set(part, written)
    written += part.length
  }
  for (let at = 0; at < long.length; at += 2) {
    const [start = 0, end = 0] = [long[at], long[at + 1]]
    write(bytes.subarray(read, start))
    write(before)
    write(bytes.subarray(start, end))
    all[written++] = 0x22
    read = end
  }
  write(bytes.subarray(read))
  return all
}

function withoutMarks(value: unknown, mark: string, keep: (text: string) => object): unknown {
  if (typeof value === 'string') return value.startsWith(mark) ? restored(value, mark, keep) : value
  if (typeof value !== 'object' || value === null) return value
  const holder = value as Record<string | number, unknown>
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const item: unknown = value[at]
      if (typeof item === 'object' || typeof item === 'string') {
        holder[at] = withoutMarks(item, mark, keep)
      }
    }
    return value
  }
  for (const key of Object.keys(value)) {
    const item = holder[key]
    const changed = withoutMarks(item, mark, keep)
    if (changed !== item) setField(value as Record<string, unknown>, key, changed)
  }
  return value
}

/** The integer as a number, if that has the same digits. */
function restored(text: string, mark: string, keep: (text: string) => object): unknown {
  const digits = text.slice(mark.length)
  const number = Number(digits)
  return String(number) === digits ? number : keep(digits)
}

/** The digits of an integer that is not a number; undefined for any other value. */
export function exactDigits(value: unknown): string | undefined {
  return isRawJSON?.(value) ? (value as { rawJSON: string }).rawJSON : undefined
}

/**
 * The value with all integers as numbers, rounded if necessary, for code that computes with them. It is
 * copied only if it has such integers.
 */
export function withNumbers<T>(value: T): T {
  return holdsExactIntegers(value) ? (rounded(value) as T) : value
}

function holdsExactIntegers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsExactIntegers)
  if (exactDigits(value) !== undefined) return true
  // Without Object.entries: logit_bias may have 200,000 entries.
  for (const key in value) {
    if (holdsExactIntegers((value as Record<string, unknown>)[key])) return true
  }
  return false
}

function rounded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rounded)
  if (!isObject(value)) return value
  const digits = exactDigits(value)
  if (digits !== undefined) return Number(digits)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item)]))
}
