/** Checks the limits of a request's JSON on its bytes, before it is parsed. */
import { endOfString, MAX_DEPTH } from './depth.ts'
import type { Outline } from './outline.ts'

/**
 * The most values of one request: each element, each field and each array or object counts. OpenAI's
 * largest embeddings request holds 300,000 tokens. A million empty arrays take V8 0.15 s to parse.
 */
export const MAX_VALUES = 500_000

/**
 * The most keys of one request, in all of its objects together. 5,000 messages and 512 tools with
 * long schemas, the most that the settings allow by default, have about 90,000.
 */
export const MAX_KEYS = 200_000

/** The most integers of 16 digits or more in one request; each becomes an object of its own. */
export const MAX_LONG_INTEGERS = 10_000

/** Integers with fewer digits fit into a double exactly: 2^53 has 16. */
const LONG_DIGITS = 16

/**
 * Top-level keys that decide which model answers, and how. JSON parsers differ in which of two equal
 * keys they take, so a proxy in front of sluice or a server behind it could act on the other one. Go's
 * `encoding/json` also takes a key in other letter case (`Model`) for the same field.
 */
const CHECKED_KEYS = [
  'model',
  'stream',
  'messages',
  'input',
  'prompt',
  'n',
  'tools',
  'system',
  'store',
  'background',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'stream_options',
  'instructions',
  'previous_response_id',
]

export interface JsonScan {
  /** The first limit that is exceeded; the rest of the text was not read. */
  exceeds?: 'depth' | 'values' | 'keys' | 'long' | 'double'
  /** A checked key that occurs twice. */
  duplicate?: string
  /** A key that differs from a checked key only in letter case. */
  otherCase?: { key: string; name: string }
  /**
   * The start and end of each integer that a double may not represent, one after the other. Empty if the
   * text is visibly not JSON.
   */
  longIntegers: readonly number[]
}

const STRING = 1
const OPEN = 2
const CLOSE = 3
const COMMA = 4
const COLON = 5
const DIGIT = 6

const KINDS = new Uint8Array(256)
KINDS[0x22] = STRING
KINDS[0x5b] = KINDS[0x7b] = OPEN
KINDS[0x5d] = KINDS[0x7d] = CLOSE
KINDS[0x2c] = COMMA
KINDS[0x3a] = COLON
for (let digit = 0x30; digit <= 0x39; digit++) KINDS[digit] = DIGIT

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const ZERO = 0x30
const LETTER_A = 0x61
const LETTER_E = 0x65
/** The bit in which a lower-case letter differs from its upper case. */
const LOWER = 0x20

const NONE: readonly number[] = []

const encoder = new TextEncoder()
const decoder = new TextDecoder()
/** The checked keys by their length, each with its index in `CHECKED_KEYS`. */
const byLength: { place: number; name: Uint8Array }[][] = Array.from({ length: 32 }, () => [])
for (const [place, name] of CHECKED_KEYS.entries()) {
  byLength[name.length]?.push({ place, name: encoder.encode(name) })
}

/**
 * Counts the values, keys and levels of JSON text, given as UTF-8 bytes, and finds duplicate keys and
 * integers that a double can't represent. One pass, which allocates nothing for ordinary requests. It does
 * not check whether the text is JSON: for other text, the result is undefined. `outline`: where it writes
 * what parts the fields of the outermost object, and how many keys there are.
 */
export function scanJson(bytes: Uint8Array, outline?: Outline): JsonScan {
  const length = bytes.length
  let depth = 0
  let values = 0
  let keys = 0
  let keyStart = 0
  let seen = 0
  let isBroken = false
  let long: number[] | undefined
  for (let at = 0; at < length; at++) {
    const kind = KINDS[bytes[at] as number]
    if (kind === 0) continue
    if (kind === STRING) {
      if (depth === 1) keyStart = at + 1
      at = endOfString(bytes, at)
    } else if (kind === COMMA) {
      if (depth === 1) outline?.marks.push(at)
      if (++values > MAX_VALUES) return { exceeds: 'values', longIntegers: NONE }
    } else if (kind === COLON) {
      if (depth === 1) outline?.marks.push(at)
      if (++keys > MAX_KEYS) return { exceeds: 'keys', longIntegers: NONE }
      const end = endOfKey(bytes, at)
      if (end < 0) isBroken = true
      else if (depth === 1) {
        const place = checkedKeyIndex(bytes, keyStart, end)
        if (place < NOT_CHECKED)
          return { otherCase: otherCase(bytes, keyStart, end), longIntegers: NONE }
        if (place >= 0 && (seen >> place) & 1) {
          return { duplicate: CHECKED_KEYS[place] as string, longIntegers: NONE }
        }
        if (place >= 0) seen |= 1 << place
      }
    } else if (kind === DIGIT) {
      let end = endOfDigits(bytes, at)
      if (((bytes[end] as number) | LOWER) === LETTER_E) {
        const letter = end
        end = endOfExponent(bytes, letter)
        if (isInfinite(bytes, at, letter, end)) return { exceeds: 'double', longIntegers: NONE }
      } else if (isLongInteger(bytes, at, end)) {
        long ??= []
        long.push(bytes[at - 1] === MINUS ? at - 1 : at, end)
        if (long.length > 2 * MAX_LONG_INTEGERS) return { exceeds: 'long', longIntegers: NONE }
      } else if (end - at >= MAYBE_INFINITE && isInfinite(bytes, at, end, end)) {
        return { exceeds: 'double', longIntegers: NONE }
      }
      at = end - 1
    } else if (kind === OPEN) {
      if (++depth > MAX_DEPTH) return { exceeds: 'depth', longIntegers: NONE }
      if (++values > MAX_VALUES) return { exceeds: 'values', longIntegers: NONE }
      // A new top-level value has its own keys.
      if (depth === 1) {
        seen = 0
        outline?.marks.push(at)
      }
    } else if (--depth === 0) outline?.marks.push(at)
  }
  if (outline !== undefined) outline.keys = keys
  return { longIntegers: isBroken ? NONE : (long ?? NONE) }
}

/** The end of the digits, points and signs that start at `start`. */
function endOfDigits(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (isDigitOrSign(bytes[at])) at++
  return at
}

/** The end of the number whose exponent letter is at `start`. */
function endOfExponent(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (isDigitOrSign(bytes[at]) || ((bytes[at] as number) | LOWER) === LETTER_E) at++
  return at
}

/** A digit, a point, a sign. */
function isDigitOrSign(byte: number | undefined): boolean {
  if (byte === undefined) return false
  return KINDS[byte] === DIGIT || byte === 0x2e || byte === 0x2b || byte === MINUS
}

/** Whether it is a long, well-formed integer: JSON has no leading zeros. */
function isLongInteger(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < LONG_DIGITS || bytes[start] === ZERO) return false
  for (let at = start; at < end; at++) if (KINDS[bytes[at] as number] !== DIGIT) return false
  return true
}

/** Characters of a number before its exponent, and that exponent, that together may be too large. */
const MAYBE_INFINITE = 309

/**
 * Whether a number is larger than a double holds: `JSON.stringify` writes null for it. `letter`: where its
 * exponent is, or its end.
 */
function isInfinite(bytes: Uint8Array, start: number, letter: number, end: number): boolean {
  let exponent = 0
  for (let at = letter + 1; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === MINUS) return false
    if (KINDS[byte] === DIGIT) exponent = exponent * 10 + byte - ZERO
  }
  if (letter - start + exponent < MAYBE_INFINITE) return false
  return Number(decoder.decode(bytes.subarray(start, end))) === Number.POSITIVE_INFINITY
}

/** The index of the quote that closes the key before a colon; -1 if there is no key. */
function endOfKey(bytes: Uint8Array, colon: number): number {
  let at = colon - 1
  while (at >= 0 && (bytes[at] as number) <= 0x20) at--
  return bytes[at] === QUOTE ? at : -1
}

/** The results of `checkedKeyIndex` for keys that are not in `CHECKED_KEYS`. */
const NOT_CHECKED = -1
const OTHER_CASE = -2

/**
 * The index in `CHECKED_KEYS` of the key between two positions; `OTHER_CASE` for one that differs only in
 * the case of its letters, `NOT_CHECKED` for any other key.
 */
function checkedKeyIndex(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    // An escape may spell the same key: `"mod\u0065l"`. Two letters beyond ASCII fold to `s` and `k`.
    const byte = bytes[at] as number
    if (byte === BACKSLASH || byte >= 0x80) return decodedKeyIndex(bytes.subarray(start, end))
  }
  for (const { place, name } of byLength[end - start] ?? []) {
    if (isAt(bytes, start, name)) return place
    if (isAtInAnyCase(bytes, start, name)) return OTHER_CASE
  }
  return NOT_CHECKED
}

function isAt(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) if (bytes[start + at] !== name[at]) return false
  return true
}

/** The names have lower-case letters and underscores only. */
function isAtInAnyCase(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) {
    const byte = bytes[start + at] as number
    const wanted = name[at] as number
    if (byte !== wanted && (wanted < LETTER_A || (byte | LOWER) !== wanted)) return false
  }
  return true
}

/** An escape takes at most six bytes per letter, so a longer key can't be one of the names. */
const LONGEST_ESCAPED = 6 * Math.max(...CHECKED_KEYS.map((name) => name.length))

function decodedKeyIndex(bytes: Uint8Array): number {
  if (bytes.length > LONGEST_ESCAPED) return NOT_CHECKED
  const key = keyIn(bytes)
  const place = CHECKED_KEYS.indexOf(key)
  if (place >= 0) return place
  return CHECKED_KEYS.includes(inLowerCase(key)) ? OTHER_CASE : NOT_CHECKED
}

/** The decoded key; empty if it is not JSON. */
function keyIn(bytes: Uint8Array): string {
  try {
    return JSON.parse(`"${decoder.decode(bytes)}"`) as string
  } catch {
    return ''
  }
}

/**
 * The key in lower case, as case-insensitive parsers compare keys: through upper case, because that of
 * `ſ` (U+017F) is `S`.
 *
 * @example
 * inLowerCase('Meſſages') // 'messages'
 */
export function inLowerCase(key: string): string {
  return key.toUpperCase().toLowerCase()
}

function otherCase(bytes: Uint8Array, start: number, end: number): { key: string; name: string } {
  const key = keyIn(bytes.subarray(start, end))
  return { key, name: inLowerCase(key) }
}
