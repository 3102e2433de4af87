/**
 * Suggestions for a mistyped word: at most three candidates, nearest first. Compares letters and
 * digits only. A candidate that contains the word, or is contained in it, counts as near.
 *
 * @example
 * closestMatches('qwen3', ['llama3.2', 'qwen3:8b']) // ['qwen3:8b']
 */
export function closestMatches(word: string, candidates: Iterable<string>): string[] {
  const wanted = normalized(word)
  if (wanted === '') return []
  const tolerance = Math.max(2, Math.floor(wanted.length / 3))
  const matches: { candidate: string; distance: number }[] = []
  for (const candidate of candidates) {
    const name = normalized(candidate)
    const isPart =
      wanted.length > 2 && name.length > 2 && (name.includes(wanted) || wanted.includes(name))
    const distance = isPart ? 1 : editDistance(wanted, name, tolerance)
    if (distance <= tolerance) matches.push({ candidate, distance })
  }
  matches.sort((a, b) => a.distance - b.distance)
  return matches.slice(0, 3).map(({ candidate }) => candidate)
}

function normalized(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

/** The Levenshtein distance, or `limit + 1` where it is larger. */
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
