import fc from 'fast-check'
import { expect, it } from 'vitest'
import { placesOf } from '../../../../src/engines/pool/places.ts'
import { SlotQueue } from '../../../../src/engines/pool/slot-queue.ts'

const [a, b] = [{}, {}]

it('counts the place of each at the engine where it is soonest', () => {
  const [one, two, three, four] = [{}, {}, {}, {}]
  const places = placesOf([
    { members: [a], holder: one },
    { members: [b], holder: two },
    { members: [a] },
    { members: [a, b], holder: three },
    { members: [a], holder: four },
  ])
  expect(places).toEqual(
    new Map([
      [one, 1],
      [two, 1],
      [three, 2],
      [four, 4],
    ]),
  )
})

it('is the order in which one engine serves them', () => {
  const entry = fc.record({ caller: fc.constantFrom('x', 'y', 'z'), isBackground: fc.boolean() })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const queue = new SlotQueue<
        (typeof entries)[number] & { members: object[]; holder: object }
      >()
      // Beyond seven requests of clients, one in the background is served between them.
      const few = entries.filter(({ isBackground }, at) => isBackground || at < 7)
      for (const each of few) queue.push({ ...each, members: [a], holder: {} })
      const places = placesOf(queue.inTurn())
      for (let place = 1; queue.size > 0; place++)
        expect(places.get(queue.takeNext(a)?.holder ?? {})).toBe(place)
    }),
  )
})
