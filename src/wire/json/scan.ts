/** Checks the limits of a request's JSON on its bytes, before it is parsed. */
import type { Steps } from '../../util/slices.ts'
import { CHECKED_KEYS, checkedKeyIndex, endOfKey, NOT_CHECKED, otherCase } from './checked-keys.ts'
import { LONG_STRING } from './cuts.ts'
import { endOfStringBefore, hasEscape, MAX_DEPTH } from './depth.ts'
import type { Outline } from './outline.ts'
import {
  endOfDigits,
  endOfExponent,
  isExponent,
  isInfinite,
  isLongInteger,
  MAYBE_INFINITE,
} from './scan-numbers.ts'

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
  /** Whether a key has an escape. */
  hasEscapedKeys?: boolean
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

const MINUS = 0x2d

const NONE: readonly number[] = []

/** Bytes that are read in one step, which takes a fraction of a millisecond. */
const STEP = 262_144

/**
 * Counts the values, keys and levels of JSON text, given as UTF-8 bytes, and finds duplicate keys and
 * integers that a double can't represent. One pass, which allocates nothing for ordinary requests. It does
 * not check whether the text is JSON: for other text, the result is undefined. `outline`: where it writes
 * what parts the fields of the outermost object, and how many keys there are.
 */
export function scanJson(bytes: Uint8Array, outline?: Outline): JsonScan {
  const scan = new Scan(bytes, outline)
  scan.readTo(bytes.length)
  return scan.result
}

/** The same in steps, between which other work may run. */
export function* scanInSteps(bytes: Uint8Array, outline: Outline): Steps<JsonScan> {
  const scan = new Scan(bytes, outline)
  for (let end = STEP; !scan.readTo(end); end += STEP) yield
  return scan.result
}

class Scan {
  result: JsonScan = { longIntegers: NONE }
  readonly #bytes: Uint8Array
  readonly #outline: Outline | undefined
  #at = 0
  /** Whether `#at` is within a string. */
  #isInString = false
  #stringStart = 0
  #depth = 0
  #values = 0
  #keys = 0
  /** Where the last string began, behind its quote. */
  #keyStart = 0
  /** Where the last backslash was that is near the beginning of its string. */
  readonly #backslash = { at: -1 }
  #hasEscapedKeys = false
  #seen = 0
  #isBroken = false
  #long: number[] | undefined

  constructor(bytes: Uint8Array, outline: Outline | undefined) {
    this.#bytes = bytes
    this.#outline = outline
  }

  /** Reads on to `end`, or to the end of the token there. Returns whether the result is known. */
  readTo(end: number): boolean {
    const bytes = this.#bytes
    const outline = this.#outline
    const cuts = outline?.cuts
    const limit = Math.min(end, bytes.length)
    // Local while it reads, since fields take longer.
    let depth = this.#depth
    let values = this.#values
    let keys = this.#keys
    const backslash = this.#backslash
    let keyStart = this.#keyStart
    let at = this.#isInString ? this.#endString(limit) : this.#at
    for (; at < limit; at++) {
      const kind = KINDS[bytes[at] as number]
      if (kind === 0) continue
      if (kind === STRING) {
        keyStart = at + 1
        const close = endOfStringBefore(bytes, at + 1, limit, backslash)
        if (close < 0) at = this.#breakOff(at, close)
        else {
          if (close - at >= LONG_STRING) cuts?.strings.set(at, close)
          at = close
        }
      } else if (kind === COMMA) {
        if (depth === 1) outline?.marks.push(at)
        else if (depth === 2) cuts?.comma(at)
        if (++values > MAX_VALUES) return this.#exceeds('values')
      } else if (kind === COLON) {
        if (depth === 1) outline?.marks.push(at)
        if (++keys > MAX_KEYS) return this.#exceeds('keys')
        const end = endOfKey(bytes, at)
        if (end < 0) this.#isBroken = true
        else {
          if (hasEscape(bytes, keyStart, end, backslash)) this.#hasEscapedKeys = true
          if (depth === 1 && !this.#isGoodKey(keyStart, end)) return true
        }
      } else if (kind === DIGIT) {
        at = this.#number(at)
        if (at < 0) return true
      } else if (kind === OPEN) {
        if (++depth > MAX_DEPTH) return this.#exceeds('depth')
        if (++values > MAX_VALUES) return this.#exceeds('values')
        if (depth === 1) {
          // A new top-level value has its own keys.
          this.#seen = 0
          outline?.marks.push(at)
        } else if (depth === 2) cuts?.begin(at)
      } else if (--depth === 0) outline?.marks.push(at)
      else if (depth === 1) cuts?.end(at)
    }
    this.#at = at
    this.#depth = depth
    this.#values = values
    this.#keys = keys
    this.#keyStart = keyStart
    return at >= bytes.length && this.#finish()
  }

  /** Reads on in a string; the index of what follows it. */
  #endString(limit: number): number {
    const close = endOfStringBefore(this.#bytes, this.#at, limit, this.#backslash)
    this.#isInString = false
    if (close < 0) return this.#breakOff(this.#stringStart, close) + 1
    this.#outline?.cuts?.strings.set(this.#stringStart, close)
    return close + 1
  }

  /** Remembers that a string goes on, as `endOfStringBefore` returned; the index before where it does. */
  #breakOff(start: number, close: number): number {
    this.#isInString = true
    this.#stringStart = start
    return ~close - 1
  }

  /** Whether a key of the outermost object may be there. */
  #isGoodKey(start: number, end: number): boolean {
    const bytes = this.#bytes
    const place = checkedKeyIndex(bytes, start, end)
    if (place === NOT_CHECKED) return true
    if (place < 0) {
      this.result = { otherCase: otherCase(bytes, start, end), longIntegers: NONE }
      return false
    }
    if ((this.#seen >> place) & 1) {
      this.result = { duplicate: CHECKED_KEYS[place] as string, longIntegers: NONE }
      return false
    }
    this.#seen |= 1 << place
    return true
  }

  /** The index of the last character of the number at `start`; -1 if a limit is exceeded. */
  #number(start: number): number {
    const bytes = this.#bytes
    const end = endOfDigits(bytes, start)
    if (isExponent(bytes[end])) {
      const last = endOfExponent(bytes, end)
      if (!isInfinite(bytes, start, end, last)) return last - 1
      this.#exceeds('double')
      return -1
    }
    if (isLongInteger(bytes, start, end)) {
      this.#long ??= []
      this.#long.push(bytes[start - 1] === MINUS ? start - 1 : start, end)
      if (this.#long.length <= 2 * MAX_LONG_INTEGERS) return end - 1
      this.#exceeds('long')
      return -1
    }
    if (end - start < MAYBE_INFINITE || !isInfinite(bytes, start, end, end)) return end - 1
    this.#exceeds('double')
    return -1
  }

  #exceeds(exceeds: JsonScan['exceeds'] & string): true {
    this.result = { exceeds, longIntegers: NONE }
    return true
  }

  #finish(): true {
    if (this.#outline !== undefined) this.#outline.keys = this.#keys
    this.result = { longIntegers: this.#isBroken ? NONE : (this.#long ?? NONE) }
    if (this.#hasEscapedKeys) this.result.hasEscapedKeys = true
    return true
  }
}
