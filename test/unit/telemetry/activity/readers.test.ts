import { expect, it } from 'vitest'
import { MAX_READERS, Readers } from '../../../../src/telemetry/activity/readers.ts'

it('lets each caller have so many, and counts those that are gone no more', () => {
  const readers = new Readers()
  const own = Array.from({ length: MAX_READERS }, () => readers.add('ann', 0))
  expect(own).not.toContain(undefined)
  expect(readers.add('ann', 1)).toBeUndefined()
  expect(readers.add('bob', 1)).toBeDefined()
  const [first, second] = own
  if (first) readers.remove('ann', first)
  expect(readers.add('ann', 2)).toBeDefined()
  expect(readers.add('ann', 2)).toBeUndefined()
  // All but one did not show themselves for a while.
  if (second) second.seenAt = 15_000
  for (let count = 1; count < MAX_READERS; count++) expect(readers.add('ann', 15_500)).toBeDefined()
  expect(readers.add('ann', 15_500)).toBeUndefined()
})
