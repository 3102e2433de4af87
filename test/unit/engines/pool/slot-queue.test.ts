import { expect, it } from 'vitest'
import { SlotQueue } from '../../../../src/engines/pool/slot-queue.ts'

interface Waiter {
  caller: string
  members: readonly object[]
  isBackground: boolean
}

const [engine, other] = [{}, {}]
const waiterFor = (isBackground: boolean, members: readonly object[] = [engine]): Waiter => {
  return { caller: isBackground ? 'batch' : 'client', members, isBackground }
}

it('serves clients first again once nobody has waited for an engine, however many it served before', () => {
  const queue = new SlotQueue<Waiter>()
  const waits = (waiter: Waiter) => waiter.members.includes(engine)
  const passedOver = waiterFor(true)
  queue.push(passedOver)
  queue.push(waiterFor(false, [other]))
  for (let served = 0; served < 7; served++) {
    queue.push(waiterFor(false))
    expect(queue.takeNext(engine, waits)?.isBackground).toBe(false)
  }
  queue.remove(passedOver)
  expect(queue.takeNext(engine, waits)).toBeUndefined()
  queue.push(waiterFor(true))
  queue.push(waiterFor(false))
  expect(queue.takeNext(engine, waits)?.isBackground).toBe(false)
})
