type Bytes = Uint8Array<ArrayBuffer>

/**
 * Every place where `wanted` begins in `bytes`, in ascending order; at most `most` of them. Linear in the
 * length of both, whatever they hold: a file may consist of beginnings of a boundary. (Knuth, Morris and
 * Pratt's search, which jumps to the next first byte where that is rare: a call of `indexOf` costs as much
 * as some dozen comparisons.)
 *
 * @example
 * findAll(encode('--b..--b'), encode('--b'), 10) // [0, 5]
 */
export function findAll(bytes: Bytes, wanted: Bytes, most: number): number[] {
  const borders = bordersOf(wanted)
  const first = wanted[0] as number
  const found: number[] = []
  let matched = 0
  let searchAt = 0
  for (let at = 0; at < bytes.length && found.length < most; at++) {
    if (matched === 0 && at >= searchAt) {
      const next = bytes.indexOf(first, at)
      if (next === -1) break
      if (next - at < RARE) searchAt = next + RARE * RARE
      at = next
    }
    while (matched > 0 && bytes[at] !== wanted[matched]) matched = borders[matched - 1] as number
    if (bytes[at] === wanted[matched]) matched++
    if (matched < wanted.length) continue
    found.push(at - wanted.length + 1)
    matched = 0
  }
  return found
}

/** Bytes between two first bytes from which on a jump is worth its call. */
const RARE = 32

/** For each beginning of the text, how long its longest proper beginning is that also ends it. */
function bordersOf(wanted: Bytes): number[] {
  const borders = [0]
  for (let at = 1, length = 0; at < wanted.length; at++) {
    while (length > 0 && wanted[at] !== wanted[length]) length = borders[length - 1] as number
    if (wanted[at] === wanted[length]) length++
    borders.push(length)
  }
  return borders
}
