/** The top-level keys of a request of which each may occur once, and only in this spelling. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_A = 0x61
/** The bit in which a lower-case letter differs from its upper case. */
const LOWER = 0x20

/**
 * Top-level keys that decide which model answers, and how. JSON parsers differ in which of two equal
 * keys they take, so a proxy in front of sluice or a server behind it could act on the other one. Go's
 * `encoding/json` also takes a key in other letter case (`Model`) for the same field.
 */
export const CHECKED_KEYS = [
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

const encoder = new TextEncoder()
const decoder = new TextDecoder()
/** The checked keys by their length, each with its index in `CHECKED_KEYS`. */
const byLength: { place: number; name: Uint8Array }[][] = Array.from({ length: 32 }, () => [])
for (const [place, name] of CHECKED_KEYS.entries()) {
  byLength[name.length]?.push({ place, name: encoder.encode(name) })
}

/** The index of the quote that closes the key before a colon; -1 if there is no key. */
export function endOfKey(bytes: Uint8Array, colon: number): number {
  let at = colon - 1
  while (at >= 0 && (bytes[at] as number) <= 0x20) at--
  return bytes[at] === QUOTE ? at : -1
}

/** The results of `checkedKeyIndex` for keys that are not in `CHECKED_KEYS`. */
export const NOT_CHECKED = -1
const OTHER_CASE = -2

/**
 * The index in `CHECKED_KEYS` of the key between two positions; `OTHER_CASE` for one that differs only in
 * the case of its letters, `NOT_CHECKED` for any other key.
 */
export function checkedKeyIndex(bytes: Uint8Array, start: number, end: number): number {
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

export function otherCase(
  bytes: Uint8Array,
  start: number,
  end: number,
): { key: string; name: string } {
  const key = keyIn(bytes.subarray(start, end))
  return { key, name: inLowerCase(key) }
}
