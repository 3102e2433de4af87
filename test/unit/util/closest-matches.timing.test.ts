import { expect, it } from 'vitest'
import { closestMatches } from '../../../src/util/closest-matches.ts'

const names = (length: number) =>
  Array.from({ length: 2_000 }, (_, index) => `${'a'.repeat(length)}${index}`)

// Without bounds each of these takes from half a second to minutes.
it.each([
  ['a'.repeat(104), 110],
  [`${'a'.repeat(104)}bbbbbb`, 110],
  [`${'a'.repeat(120)}bbbbbb`, 124],
  ['b'.repeat(100_000), 110],
  ['a'.repeat(100_000), 100_000],
  ['qwen3', 100_000],
])('a word of a client takes no time worth noticing: %#', (word, length) => {
  const candidates = names(length)
  closestMatches(word, candidates.slice(0, 50))
  const startedAt = performance.now()
  closestMatches(word, candidates)
  expect(performance.now() - startedAt).toBeLessThan(250)
})
