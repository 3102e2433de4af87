import fc from 'fast-check'
import { expect, it } from 'vitest'
import { textPieces } from '../../../src/util/text-pieces.ts'

it('cuts a text into pieces that can be encoded each, and make it up together', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 9 }), (whole, most) => {
      const pieces = [...textPieces(whole, most)]
      expect(pieces.join('')).toBe(whole)
      for (const piece of pieces) {
        expect(piece.length).toBeGreaterThan(0)
        expect(piece.length).toBeLessThanOrEqual(most)
        expect(piece.isWellFormed()).toBe(true)
      }
    }),
  )
})
