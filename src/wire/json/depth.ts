/** The most levels of nested JSON: no request or answer needs more, and recursion is limited. */
export const MAX_DEPTH = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Bytes of a string that are read singly before a search for its end is faster. */
const STEPS = 16

/**
 * Whether JSON text, as UTF-8 bytes, nests arrays and objects deeper than `limit` levels. Called before
 * `JSON.parse`, so that no later code recurses deeper. It checks only nesting; for text that is not JSON,
 * the result is undefined. One pass without allocation.
 */
export function exceedsDepth(bytes: Uint8Array, limit: number): boolean {
  const length = bytes.length
  let depth = 0
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = endOfString(bytes, at)
    } else if (byte === 0x5b || byte === 0x7b) {
      depth++
      if (depth > limit) return true
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--
    }
  }
  return false
}

/** The index of the quote that ends the string at `start`; the length of the bytes or more if none does. */
export function endOfString(bytes: Uint8Array, start: number): number {
  const end = endOfStringBefore(bytes, start + 1, bytes.length)
  return end < 0 ? ~end : end
}

/**
 * The index of the quote that ends the string, where `from` is within it and no part of an escape. It looks as far
 * as `limit`, and sometimes further: for a string that goes on it returns `~` where to look on, which is negative.
 * `backslash`: where it writes the position of a backslash, if one is near the beginning.
 */
export function endOfStringBefore(
  bytes: Uint8Array,
  from: number,
  limit: number,
  backslash?: { at: number },
): number {
  const length = bytes.length
  let at = from
  while (at < limit) {
    // Most strings are short, and a search for each escaped quote costs more than reading bytes.
    for (const near = Math.min(at + STEPS, length); at < near; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      if (byte === BACKSLASH) {
        if (backslash !== undefined) backslash.at = at
        at++
      }
    }
    // Images are megabytes without a quote: there `indexOf` is ten times as fast.
    const end = bytes.indexOf(QUOTE, at)
    if (end < 0) return ~length
    if (!isEscaped(bytes, end)) return end
    at = end + 1
  }
  return ~at
}

/** Whether an odd number of backslashes precedes `at`. */
function isEscaped(bytes: Uint8Array, at: number): boolean {
  let first = at
  while (bytes[first - 1] === BACKSLASH) first--
  return (at - first) % 2 === 1
}

/**
 * Whether an escape is in the string between two positions, which is short. `backslash`: what `endOfStringBefore` wrote
 * when it read that string, so that this takes no time for a string without one.
 */
export function hasEscape(
  bytes: Uint8Array,
  start: number,
  end: number,
  backslash: { readonly at: number },
): boolean {
  if (end - start <= STEPS) return backslash.at >= start
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true
  return false
}
