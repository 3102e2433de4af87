/**
 * The most characters of a word and of a candidate that are compared. The names of models have 100 at
 * most; a longer word is no mistyped one.
 */
const MAX_LENGTH = 128

/** The most characters that may differ; more are another name. It bounds the work for each candidate. */
const MAX_TOLERANCE = 8

/** The most candidates that are compared. */
const MAX_CANDIDATES = 2_000

/** The distances of one row; a byte holds each, as no text is longer than `MAX_LENGTH`. */
const row = new Uint8Array(MAX_LENGTH + 1)

/**
 * Suggestions for a mistyped word: at most three candidates, nearest first. Compares letters and
 * digits only. A candidate that contains the word, or is contained in it, counts as near. A word of
 * more than 128 letters and digits has none, such candidates are left out, and so is what follows
 * the first 2,000: the word is a client's, and the candidates may be an upstream's.
 *
 * @example
 * closestMatches('qwen3', ['llama3.2', 'qwen3:8b']) // ['qwen3:8b']
 */
export function closestMatches(word: string, candidates: Iterable<string>): string[] {
  const wanted = normalized(word)
  if (wanted === undefined || wanted === '') return []
  const tolerance = Math.min(MAX_TOLERANCE, Math.max(2, Math.floor(wanted.length / 3)))
  const matches: { candidate: string; distance: number }[] = []
  let count = 0
  for (const candidate of candidates) {
    if (++count > MAX_CANDIDATES) break
    const name = normalized(candidate)
    if (name === undefined) continue
    const isPart =
      wanted.length > 2 && name.length > 2 && (name.includes(wanted) || wanted.includes(name))
    const distance = isPart ? 1 : editDistance(wanted, name, tolerance)
    if (distance <= tolerance) matches.push({ candidate, distance })
  }
  matches.sort((a, b) => a.distance - b.distance)
  return matches.slice(0, 3).map(({ candidate }) => candidate)
}

/** The letters and digits of a word, in lower case; undefined if it has too many. */
function normalized(word: string): string | undefined {
  // Names have other characters between their letters, but not more of them than letters.
  if (word.length > 2 * MAX_LENGTH) return undefined
  const plain = word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  return plain.length > MAX_LENGTH ? undefined : plain
}

/**
 * The Levenshtein distance, or `limit + 1` where it is larger. Only the cells that are at most
 * `limit` from the diagonal can be part of a distance within the limit (Ukkonen's band).
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  for (let j = 0; j <= b.length; j++) row[j] = j
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - limit)
    const to = Math.min(b.length, i + limit)
    let diagonal = row[from - 1] ?? 0
    let left = from === 1 ? i : limit + 1
    row[from - 1] = left
    let least = left
    for (let j = from; j <= to; j++) {
      // A cell to the right of the band above counts as out of reach.
      const above = j === i + limit ? limit + 1 : (row[j] ?? 0)
      const swap = diagonal + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1)
      diagonal = above
      left = Math.min(swap, above + 1, left + 1)
      row[j] = left
      if (left < least) least = left
    }
    if (least > limit) return limit + 1
  }
  return Math.min(row[b.length] ?? 0, limit + 1)
}
