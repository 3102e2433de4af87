/** The numbers of JSON text, given as UTF-8 bytes. */

const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const LETTER_E = 0x65
/** The bit in which a lower-case letter differs from its upper case. */
const LOWER = 0x20

/** Integers with fewer digits fit into a double exactly: 2^53 has 16. */
const LONG_DIGITS = 16

const decoder = new TextDecoder()

/** The end of the digits, points and signs that start at `start`. */
export function endOfDigits(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (isDigitOrSign(bytes[at])) at++
  return at
}

/** The end of the number whose exponent letter is at `start`. */
export function endOfExponent(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (isDigitOrSign(bytes[at]) || isExponent(bytes[at])) at++
  return at
}

/** Whether it is the letter before an exponent. */
export function isExponent(byte: number | undefined): boolean {
  return byte !== undefined && (byte | LOWER) === LETTER_E
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}

/** A digit, a point, a sign. */
function isDigitOrSign(byte: number | undefined): boolean {
  if (byte === undefined) return false
  return isDigit(byte) || byte === 0x2e || byte === 0x2b || byte === MINUS
}

/** Whether it is a long, well-formed integer: JSON has no leading zeros. */
export function isLongInteger(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < LONG_DIGITS || bytes[start] === ZERO) return false
  for (let at = start; at < end; at++) if (!isDigit(bytes[at] as number)) return false
  return true
}

/** Characters of a number before its exponent, and that exponent, that together may be too large. */
export const MAYBE_INFINITE = 309

/**
 * Whether a number is larger than a double holds: `JSON.stringify` writes null for it. `letter`: where its
 * exponent is, or its end.
 */
export function isInfinite(bytes: Uint8Array, start: number, letter: number, end: number): boolean {
  let exponent = 0
  for (let at = letter + 1; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === MINUS) return false
    if (isDigit(byte)) exponent = exponent * 10 + byte - ZERO
  }
  if (letter - start + exponent < MAYBE_INFINITE) return false
  return Number(decoder.decode(bytes.subarray(start, end))) === Number.POSITIVE_INFINITY
}
