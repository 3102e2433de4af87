/** Checks the content of JSON strings as bytes: RFC 8259 §7, RFC 3629 §4. */

const QUOTE = 34
const BACKSLASH = 92

/** 1 for bytes that need no further check: ASCII except control characters, quote and backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
)

/**
 * The index of the closing quote of the JSON string whose content starts at `start`. -1 if it does not end
 * before `end`, or is not well formed.
 */
export function endOfJsonString(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    const byte = bytes[at] as number
    if (PLAIN[byte] === 1) {
      at++
      continue
    }
    if (byte === QUOTE) return at
    const length = byte >= 0x80 ? utf8Length(bytes, at, end) : escapeLength(bytes, at, end)
    if (length === 0) return -1
    at += length
  }
  return -1
}

/** The length of an escape sequence: 2 for `\n`, 6 for `\u0000`, 0 if it is invalid. */
function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== BACKSLASH || at + 1 >= end) return 0
  const kind = bytes[at + 1] as number
  if (kind !== 0x75) return '"\\/bfnrt'.includes(String.fromCharCode(kind)) ? 2 : 0
  if (at + 6 > end) return 0
  for (let i = at + 2; i < at + 6; i++) {
    const byte = bytes[i] as number
    const isDigit = byte >= 48 && byte <= 57
    const letter = byte | 32
    if (!isDigit && (letter < 97 || letter > 102)) return 0
  }
  return 6
}

/** The length of the UTF-8 sequence at `at`; 0 if it is not well formed. */
function utf8Length(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (length === 0 || at + length > end) return 0
  const second = bytes[at + 1] as number
  // The second byte shows overlong forms, surrogates and code points above U+10FFFF.
  if (first === 0xe0 && second < 0xa0) return 0
  if (first === 0xed && second > 0x9f) return 0
  if (first === 0xf0 && second < 0x90) return 0
  if (first === 0xf4 && second > 0x8f) return 0
  for (let i = at + 1; i < at + length; i++) {
    if (((bytes[i] as number) & 0xc0) !== 0x80) return 0
  }
  return length
}
