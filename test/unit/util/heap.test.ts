import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Heap } from '../../../src/util/heap.ts'

it('has the highest item first, however ranks change', () => {
  const step = fc.record({ item: fc.nat(12), rank: fc.nat(20), isDeleted: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const ranks = new Map<number, number>()
      const heap = new Heap<number>((a, b) => (ranks.get(a) ?? 0) > (ranks.get(b) ?? 0))
      for (const { item, rank, isDeleted } of steps) {
        if (isDeleted) {
          heap.delete(item)
          ranks.delete(item)
        } else {
          ranks.set(item, rank)
          heap.place(item)
        }
        const { first } = heap
        expect(first === undefined).toBe(ranks.size === 0)
        if (first !== undefined) expect(ranks.get(first)).toBe(Math.max(...ranks.values()))
      }
    }),
  )
})
