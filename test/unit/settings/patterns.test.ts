import fc from 'fast-check'
import { expect, it } from 'vitest'
import { matchesPattern } from '../../../src/util/matches-pattern.ts'

it('means what a regular expression means, in time that does not explode', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 8 })
  const name = fc.array(fc.constantFrom('a', 'b'), { maxLength: 10 })
  fc.assert(
    fc.property(letters, name, (pattern, text) => {
      const parts = pattern.join('').split('*')
      const expected = new RegExp(`^${parts.join('.*')}$`).test(text.join(''))
      expect(matchesPattern(pattern.join(''), text.join(''))).toBe(expected)
    }),
    { numRuns: 3_000 },
  )
  const long = `${'a'.repeat(50_000)}b`
  expect(matchesPattern('*a*a*a*a*a*a*a*c', long)).toBe(false)
})
