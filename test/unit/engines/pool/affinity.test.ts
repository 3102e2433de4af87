import { describe, expect, it } from 'vitest'
import type { SlotRequest } from '../../../../src/engines/pool/concurrency-limiter.ts'
import { ConcurrencyLimiter } from '../../../../src/engines/pool/concurrency-limiter.ts'
import { type Conversation, Conversations } from '../../../../src/engines/pool/conversations.ts'
import type { PoolMember } from '../../../../src/engines/pool/member.ts'
import type { Slot } from '../../../../src/engines/pool/slot.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { member, never } from './guests.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function setUp(limits: (number | undefined)[], { isolated = false, queue = 10, wait = 0 } = {}) {
  const members = limits.map((limit, at) => member('abcd'[at] as string, limit))
  const limiter = new ConcurrencyLimiter(queue, isolated)
  const known = new Conversations()
  const acquire = (key?: string, more: Partial<SlotRequest> = {}) =>
    limiter.acquire({
      caller: '',
      members,
      isForced: false,
      affinityWait: wait,
      signal: never,
      conversation: key === undefined ? undefined : known.find(key, '', 0),
      ...more,
    })
  const take = (key?: string, more?: Partial<SlotRequest>) => acquire(key, more) as Slot
  /** A request of no conversation at this engine. */
  const occupy = (label: string) =>
    take(undefined, { members: members.filter(({ engine }) => engine.label === label) })
  /** A turn that is answered at once, at the engine that is told. */
  const turn = (key: string, more?: Partial<SlotRequest>) => {
    const slot = take(key, more)
    known.remember(known.find(key, '', 0), slot.member)
    slot.free()
    return slot.member.engine.label
  }
  /** So that the engines are known to answer in so many milliseconds. */
  const answersIn = (ms: number) => {
    for (const each of members) each.averageDuration.add(ms / 1_000)
  }
  return { members, limiter, known, acquire, take, occupy, turn, answersIn }
}

const labelOf = ({ member: { engine } }: Slot) => engine.label

describe('a conversation', () => {
  it('stays at its engine while that has a free slot, also where another one is idle', () => {
    const { take, occupy, turn } = setUp([2, 2])
    expect(turn('k')).toBe('a')
    occupy('a')
    expect([turn('k'), turn('k')]).toEqual(['a', 'a'])
    expect(labelOf(take())).toBe('b')
  })

  it('goes where fewer others are, where all are idle', () => {
    const { turn } = setUp([1, 2, 1])
    expect(['1', '2', '3', '4', '5'].map((key) => turn(key))).toEqual(['a', 'b', 'c', 'b', 'a'])
    expect(['1', '2', '3', '4', '5'].map((key) => turn(key))).toEqual(['a', 'b', 'c', 'b', 'a'])
  })

  it('with requests at once shares the load', () => {
    const { known, take, turn } = setUp([undefined, undefined])
    turn('k')
    const first = take('k')
    expect(labelOf(first)).toBe('a')
    expect(
      known.of({ conversation: { key: () => 'k', length: () => 9 }, caller: '' }, 'm', 0),
    ).toBeUndefined()
    expect(labelOf(take('k'))).toBe('b')
    first.free()
  })

  it('may make an engine without a limit only a little busier than the others', () => {
    const { members, occupy, turn } = setUp([undefined, undefined])
    expect(turn('k')).toBe('a')
    const load = (label: string, count: number) => {
      for (let at = 0; at < count; at++) occupy(label)
    }
    load('a', 3)
    expect(turn('k')).toBe('a')
    // Four do no harm anywhere; beyond that, a quarter more than the average.
    load('a', 1)
    expect(turn('k')).toBe('b')
    load('b', 16)
    load('a', 15)
    expect([members[0]?.running, members[1]?.running]).toEqual([19, 16])
    expect(turn('k')).toBe('b')
  })

  it('moves where its engine has more of them than its share, as after the failure of another', () => {
    const { turn, members } = setUp([1, 1])
    const down = (isDown: boolean) => members[1]?.setDown(isDown, performance.now())
    down(true)
    const keys = ['1', '2', '3', '4', '5']
    expect(keys.map((key) => turn(key))).toEqual(['a', 'a', 'a', 'a', 'a'])
    down(false)
    // Until each has its share; then nothing moves to and fro.
    expect(keys.map((key) => turn(key))).toEqual(['b', 'b', 'a', 'a', 'a'])
    expect(keys.map((key) => turn(key))).toEqual(['b', 'b', 'a', 'a', 'a'])
  })

  it('stays with all others where its engine has slots for them', () => {
    const { turn, members } = setUp([4, 4])
    members[1]?.setDown(true, performance.now())
    for (const key of ['1', '2', '3', '4']) turn(key)
    members[1]?.setDown(false, performance.now())
    expect(['1', '2', '3', '4'].map((key) => turn(key))).toEqual(['a', 'a', 'a', 'a'])
  })

  it.each<[string, (its: PoolMember) => void]>([
    ['could not be asked for its models', (its) => its.setDown(true, performance.now())],
    ['asked to be left alone', (its) => (its.backoffUntil = Number.POSITIVE_INFINITY)],
    [
      'failed too often',
      (its) => {
        for (let count = 0; count < 5; count++)
          its.breaker.acquire(performance.now()).failed(performance.now())
      },
    ],
  ])('moves where its engine %s, and stays there afterwards', (_, harm) => {
    const { members, take, turn } = setUp([1, 1])
    expect(turn('k')).toBe('a')
    harm(members[0] as PoolMember)
    expect(turn('k')).toBe('b')
    members[0]?.setDown(false, performance.now())
    if (members[0]) members[0].backoffUntil = 0
    expect(turn('k')).toBe('b')
    // Those that failed a request are not among its engines any more.
    expect(labelOf(take('k', { members: members.slice(0, 1), isForced: true }))).toBe('a')
  })
})

describe.each([
  ['where all share one clock', false],
  ['where requests are isolated', true],
])('a conversation whose engine is busy, %s', (_, isolated) => {
  it('goes to another one that is free, where it may not wait', () => {
    const { occupy, turn } = setUp([1, 1], { isolated, wait: 0 })
    turn('k')
    occupy('a')
    expect(turn('k')).toBe('b')
  })

  it('waits where a slot will be free soon', async () => {
    const { acquire, take, occupy, turn, answersIn } = setUp([1, 1], { isolated, wait: 2_000 })
    turn('k')
    const busy = occupy('a')
    answersIn(100)
    const waiting = acquire('k')
    expect(waiting).toBeInstanceOf(Promise)
    // Others pass it by at the engine that it does not want.
    expect(labelOf(take())).toBe('b')
    busy.free()
    expect(labelOf(await waiting)).toBe('a')
  })

  it('does not wait where that takes long, or many wait already', async () => {
    const { acquire, occupy, turn, answersIn } = setUp([1, 1], { isolated, wait: 2_000 })
    for (const key of ['k', '1', 'l', '2', 'm', '3', 'n']) turn(key)
    occupy('a')
    answersIn(10_000)
    expect(turn('k')).toBe('b')
    for (let count = 0; count < 40; count++) answersIn(900)
    const waiting = [acquire('l'), acquire('m')]
    expect(waiting.every((each) => each instanceof Promise)).toBe(true)
    expect(turn('n')).toBe('b')
  })

  it('goes to another one when it has waited long enough', async () => {
    const { limiter, acquire, occupy, turn, answersIn } = setUp([1, 1], { isolated, wait: 60 })
    turn('k')
    occupy('a')
    answersIn(1)
    const started = performance.now()
    expect(labelOf(await acquire('k'))).toBe('b')
    expect(performance.now() - started).toBeGreaterThan(50)
    expect(limiter.waiting).toBe(0)
  })

  it('takes the first slot of its own engine while all are busy, and others take theirs', async () => {
    const { acquire, occupy, turn, answersIn } = setUp([1, 1], { isolated, wait: 5_000 })
    expect([turn('a'), turn('b')]).toEqual(['a', 'b'])
    answersIn(60_000)
    const [busyA, busyB] = [occupy('a'), occupy('b')]
    const [k, l] = [acquire('a'), acquire('b')]
    busyB.free()
    const atB = await l
    expect(labelOf(atB)).toBe('b')
    busyA.free()
    expect(labelOf(await k)).toBe('a')
  })

  it('is not refused for want of room in a queue that it need not join', () => {
    const { occupy, turn, answersIn } = setUp([1, 1], { isolated, wait: 5_000, queue: 0 })
    turn('k')
    occupy('a')
    answersIn(1)
    expect(turn('k')).toBe('b')
  })

  it('leaves the queue with its client, and wakes nobody afterwards', async () => {
    const { members, limiter, acquire, occupy, turn, answersIn } = setUp([1, 1], {
      isolated,
      wait: 40,
    })
    turn('k')
    occupy('a')
    answersIn(1)
    const leave = new AbortController()
    const waiting = acquire('k', { signal: leave.signal }) as Promise<Slot>
    leave.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
    await sleep(80)
    expect(limiter.waiting).toBe(0)
    expect(members.map(({ running }) => running)).toEqual([1, 0])
  })

  it('does not wait behind an open breaker, and is told where all are open', async () => {
    const { members, acquire, occupy, turn, answersIn } = setUp([1, 1], {
      isolated,
      wait: 100,
    })
    turn('k')
    const busy = occupy('a')
    answersIn(1)
    const waiting = acquire('k')
    const [own] = members
    for (let count = 0; count < 5; count++)
      own?.breaker.acquire(performance.now()).failed(performance.now())
    busy.free()
    expect(labelOf(await waiting)).toBe('b')
    for (let count = 0; count < 5; count++)
      members[1]?.breaker.acquire(performance.now()).failed(performance.now())
    expect(() => acquire('k')).toThrow(ApiError)
  })
})

it('a slot counts as one of its conversation until it is free, however often that is said', () => {
  const { take, known } = setUp([2, 2])
  const conversation: Conversation = known.find('k', '', 0)
  const [one, two] = [take('k'), take('k')]
  expect(conversation.running).toBe(2)
  one.free()
  one.release({ kind: 'finished' })
  two.reclaim()
  two.free()
  expect(conversation.running).toBe(0)
})
