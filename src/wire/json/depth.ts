/** Levels that JSON may nest here: no request or answer needs more, and recursion has its limits. */
export const MAX_DEPTH = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Bytes of a string that are looked at singly before the search for its end is worth a call. */
const STEPS = 48

/**
 * Whether JSON text, as UTF-8 bytes, nests arrays and objects deeper than `limit` levels: asked
 * before `JSON.parse`, so that nothing later recurses deeper than that. It judges nesting alone; text
 * that is no JSON may get either answer. One pass, nothing allocated.
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

/** Where the string that opens at `start` closes; the end of the bytes, or past it, if it does not. */
export function endOfString(bytes: Uint8Array, start: number): number {
  const length = bytes.length
  let at = start + 1
  while (at < length) {
    // Most strings are short, and a search per escaped quote costs more than stepping over it.
    for (const near = Math.min(at + STEPS, length); at < near; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      if (byte === BACKSLASH) at++
    }
    // Images are megabytes without a quote: there the search is ten times as fast.
    const end = bytes.indexOf(QUOTE, at)
    if (end < 0) return length
    if (!isEscaped(bytes, end)) return end
    at = end + 1
  }
  return at
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(bytes: Uint8Array, at: number): boolean {
  let first = at
  while (bytes[first - 1] === BACKSLASH) first--
  return (at - first) % 2 === 1
}
