/** What choosing among many engines costs: counted in looks at the lists of engines, not in time. */

import { expect, test } from 'vitest'
import { choose } from '../../../../src/engines/pool/choice.ts'
import { CircuitBreaker } from '../../../../src/engines/pool/circuit-breaker.ts'
import { preferLoaded } from '../../../../src/engines/pool/load-patience.ts'
import { PoolMember } from '../../../../src/engines/pool/member.ts'
import { SlotQueue } from '../../../../src/engines/pool/slot-queue.ts'
import { engines, exchange } from './asking.ts'

const ENGINES = 100

/** A list that counts how often one of its elements is looked at. */
function counted<T>(items: T[]) {
  const looks = { count: 0 }
  const list = new Proxy(items, {
    get(target, name, receiver) {
      if (typeof name === 'string' && /^\d+$/.test(name)) looks.count++
      return Reflect.get(target, name, receiver)
    },
  })
  return { looks, list }
}

function members(): PoolMember[] {
  return engines(...Array.from({ length: ENGINES }, (_, at) => `gpu-${at}`)).map(
    (engine) => new PoolMember(engine, new CircuitBreaker()),
  )
}

test('the best of a hundred engines is found by looking at each a few times', () => {
  const all = members()
  for (const [at, member] of all.entries()) member.running = ENGINES - at
  const { looks, list } = counted(all)
  const { best } = choose({ caller: '', members: list, isForced: false }, [], true, 0)
  expect(best?.engine.label).toBe('gpu-99')
  expect(looks.count).toBeLessThan(5 * ENGINES)
})

test.each([undefined, false])(
  'so are those that have the model loaded, with loaded: %s',
  (loaded) => {
    const all = counted(members())
    const routes = all.list.map(({ engine }, at) => ({
      ...{ engine, model: 'm', isDown: false },
      loaded: at === 42 ? true : loaded,
    }))
    all.looks.count = 0
    const counting = counted(routes)
    const choice = { exchange: exchange(), members: all.list, routes: counting.list }
    const preferred = preferLoaded(choice, 0)
    expect(preferred).toHaveLength(loaded === false ? 1 : ENGINES)
    expect(all.looks.count + counting.looks.count).toBeLessThan(8 * ENGINES)
  },
)

test('a slot that nobody waits for is free without a look at what waits for others', () => {
  const [busy, other] = members() as [PoolMember, PoolMember]
  const queue = new SlotQueue<{ caller: string; members: PoolMember[]; isBackground: boolean }>()
  const waiters = Array.from({ length: 10_000 }, (_, at) => {
    return { caller: `caller-${at % 100}`, members: [busy], isBackground: at % 2 === 0 }
  })
  for (const waiter of waiters) queue.push(waiter)
  let looks = 0
  const isEligible = () => {
    looks++
    return true
  }
  expect(queue.takeNext(other, isEligible)).toBeUndefined()
  expect(looks).toBe(0)
  for (let count = 0; count < 5_000; count++) expect(queue.takeNext(busy)).toBeDefined()
  for (const waiter of waiters) queue.remove(waiter)
  expect([queue.size, queue.waitsFor(busy)]).toEqual([0, false])
  expect(queue.takeNext(busy, isEligible)).toBeUndefined()
  expect(looks).toBe(0)
})
