/**
 * The candidates a mistyped `word` may have meant, nearest first, at most three.
 * Only letters and digits count; a candidate that contains the word, or is contained in it, is near.
 */
export function closest(word: string, candidates: Iterable<string>): string[] {
  const meant = essence(word)
  if (meant === '') return []
  const tolerance = Math.max(2, Math.floor(meant.length / 3))
  const near: { candidate: string; distance: number }[] = []
  for (const candidate of candidates) {
    const name = essence(candidate)
    const within =
      meant.length > 2 && name.length > 2 && (name.includes(meant) || meant.includes(name))
    const distance = within ? 1 : editDistance(meant, name, tolerance)
    if (distance <= tolerance) near.push({ candidate, distance })
  }
  near.sort((a, b) => a.distance - b.distance)
  return near.slice(0, 3).map(({ candidate }) => candidate)
}

function essence(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

/** Levenshtein's distance, or `limit + 1` where it is larger. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    if (Math.min(...next) > limit) return limit + 1
    row = next
  }
  return row[b.length] ?? limit + 1
}
