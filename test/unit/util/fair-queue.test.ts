import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FairQueue, toDisplace } from '../../../src/util/fair-queue.ts'

interface Guest {
  caller: string
  number: number
}

/** What happens to a line: somebody comes, the next goes in, or the one waiting longest leaves. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
  { weight: 3, arbitrary: fc.constant('take' as const) },
  { weight: 1, arbitrary: fc.constant('leave' as const) },
)

/** Plays events; returns caller came, caller was let in and caller still waits, in their orders. */
function play(events: string[]) {
  const line = new FairQueue<Guest>()
  const waiting: Guest[] = []
  const taken: { guest: Guest; before: Guest[] }[] = []
  for (const [number, what] of events.entries()) {
    if (what === 'take') {
      const before = [...waiting]
      const guest = line.takeNext()
      expect(guest === undefined).toBe(before.length === 0)
      if (guest === undefined) continue
      waiting.splice(waiting.indexOf(guest), 1)
      taken.push({ guest, before })
    } else if (what === 'leave') {
      const guest = waiting.shift()
      if (guest) expect(line.remove(guest)).toBe(true)
    } else {
      const guest = { caller: what, number }
      waiting.push(guest)
      line.push(guest)
    }
    expect(line.size).toBe(waiting.length)
  }
  return { line, waiting, taken }
}

it('lets nobody in twice while another waits for his first turn', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const { taken } = play(events)
      // How often each client was let in since the oldest request of another began to wait.
      taken.forEach(({ guest }, at) => {
        const own = taken.slice(0, at).findLastIndex((other) => other.guest.caller === guest.caller)
        if (own === -1) return
        const passedOver = taken[own]?.before.filter(({ caller }) => caller !== guest.caller) ?? []
        const between = taken.slice(own + 1, at).map((other) => other.guest.caller)
        for (const { caller, number } of passedOver) {
          const stillWaits = taken[at]?.before.some((other) => other.number === number)
          if (stillWaits) expect(between).toContain(caller)
        }
      })
    }),
  )
})

it('keeps the order of one client', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const { taken, waiting } = play(events)
      for (const caller of ['a', 'b', 'c', 'd']) {
        const numbers = taken
          .filter((each) => each.guest.caller === caller)
          .map((t) => t.guest.number)
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
        const first = waiting.find((guest) => guest.caller === caller)
        if (first) for (const number of numbers) expect(number).toBeLessThan(first.number)
      }
    }),
  )
})

it('lets in whom there is a place for, and keeps the turn of the others', () => {
  const line = new FairQueue<Guest>()
  for (const [number, caller] of ['a', 'a', 'b', 'c'].entries()) line.push({ caller, number })
  expect(line.takeNext(({ number }) => number > 0)).toEqual({ caller: 'a', number: 1 })
  expect(line.takeNext(({ caller }) => caller === 'c')?.caller).toBe('c')
  expect(line.peek()?.caller).toBe('b')
  expect([line.takeNext(), line.takeNext(), line.takeNext()].map((guest) => guest?.caller)).toEqual(
    ['b', 'a', undefined],
  )
})

it('displaces the newest of who has the most, so that nobody with fewer is refused', () => {
  const callers = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 60 })
  fc.assert(
    fc.property(callers, fc.integer({ min: 1, max: 8 }), (came, room) => {
      let waiting: Guest[] = []
      const countOf = (caller: string) => waiting.filter((each) => each.caller === caller).length
      for (const [number, caller] of came.entries()) {
        const guest = { caller, number }
        if (waiting.length < room) {
          waiting.push(guest)
          continue
        }
        const displaced = toDisplace(waiting, caller)
        const others = waiting.map((each) => each.caller).filter((name) => name !== caller)
        const most = Math.max(0, ...others.map(countOf))
        if (displaced === undefined) {
          expect(countOf(caller)).toBeGreaterThanOrEqual(most - 1)
          continue
        }
        expect(countOf(displaced.caller)).toBe(most)
        expect(waiting.findLast((each) => each.caller === displaced.caller)).toBe(displaced)
        waiting = [...waiting.filter((each) => each !== displaced), guest]
        // The other one would not be let in again in its turn.
        expect(countOf(caller)).toBeLessThanOrEqual(countOf(displaced.caller))
      }
    }),
  )
})
