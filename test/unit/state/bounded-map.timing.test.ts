import { expect, it } from 'vitest'
import { BoundedMap } from '../../../src/state/bounded-map.ts'

it.each([
  ['entries', { count: 10_000, bytes: 1e9, ageMs: 60_000 }],
  ['bytes', { count: 1e9, bytes: 10_000_000, ageMs: 60_000 }],
])('a bounded map does not get slower with 10,000 owners where it is full of %s', (_, limits) => {
  const fill = (count: number) => {
    const map = new BoundedMap<number>(limits)
    for (let at = 0; at < 10_000; at++) map.set(String(at % count), String(at), at, 1_000)
    const startedAt = performance.now()
    for (let at = 0; at < 5_000; at++) map.set(String(at % count), `more ${at}`, at, 1_000)
    return performance.now() - startedAt
  }
  fill(1)
  const few = Math.min(fill(1), fill(1))
  const many = Math.min(fill(10_000), fill(10_000))
  // A search through all owners at each eviction takes more than ten times as long.
  expect(many).toBeLessThan(Math.max(few, 5) * 6)
})
