import { describe, expect, it } from 'vitest'
import { Conversations, waitFor } from '../../../../src/engines/pool/conversations.ts'
import { member } from './guests.ts'

const HOUR = 60 * 60_000

describe('conversations', () => {
  it('are at the engine that answered them last', () => {
    const [a, b] = [member('a'), member('b')]
    const known = new Conversations()
    const one = known.find('k', 'x', 0)
    expect(one.member).toBeUndefined()
    expect(known.remember(one, a)).toBe('new')
    expect(known.remember(known.find('k', 'x', 1), a)).toBe('kept')
    expect([a.conversations, b.conversations]).toEqual([1, 0])
    expect(known.remember(known.find('k', 'x', 2), b)).toBe('moved')
    expect(known.find('k', 'x', 3).member).toBe(b)
    expect([a.conversations, b.conversations]).toEqual([0, 1])
  })

  it('of two callers are two, whatever the callers are called', () => {
    const known = new Conversations()
    const pairs = [
      ['k', 'x'] as const,
      ['k', 'y'] as const,
      ['k', ''] as const,
      ['kx', ''] as const,
    ]
    const all = pairs.map(([key, caller]) => known.find(key, caller, 0))
    expect(new Set(all).size).toBe(4)
    expect(known.size).toBe(4)
  })

  it('are forgotten after an hour without a request', () => {
    const a = member('a')
    const known = new Conversations()
    known.remember(known.find('old', 'x', 0), a)
    known.remember(known.find('used', 'x', 0), a)
    known.find('used', 'x', HOUR - 1)
    known.find('other', 'x', HOUR)
    expect(known.size).toBe(2)
    expect(known.find('used', 'x', HOUR + 1).member).toBe(a)
    expect(known.find('old', 'x', HOUR + 1).member).toBeUndefined()
    expect(a.conversations).toBe(1)
  })

  it('count at their engine while they are active, for ten minutes', () => {
    const [a, b] = [member('a'), member('b')]
    const known = new Conversations()
    known.remember(known.find('k', 'x', 0), a)
    known.remember(known.find('l', 'x', 0), a)
    known.find('l', 'x', HOUR / 10)
    expect(a.conversations).toBe(2)
    known.find('m', 'x', HOUR / 6)
    expect(a.conversations).toBe(1)
    expect(known.find('k', 'x', HOUR / 6).member).toBe(a)
    expect(a.conversations).toBe(2)
    known.find('m', 'x', HOUR / 2)
    expect(a.conversations).toBe(0)
    expect(known.remember(known.find('k', 'x', HOUR / 2), b)).toBe('moved')
    expect([a.conversations, b.conversations]).toEqual([0, 1])
  })

  it('are waited for no longer than another engine needs for the prompt', () => {
    const ofLength = (length: number) => ({
      conversation: { key: () => 'k', length: () => length },
    })
    expect(waitFor(ofLength(8_000), 10_000)).toBe(2_000)
    expect(waitFor(ofLength(800_000), 10_000)).toBe(10_000)
    expect(waitFor(ofLength(800_000), 0)).toBe(0)
    expect(waitFor({ conversation: undefined }, 10_000)).toBe(0)
  })

  it('are bounded in number, and one caller’s flood makes no other’s be forgotten', () => {
    const a = member('a')
    const known = new Conversations()
    known.remember(known.find('k', 'quiet', 0), a)
    for (let at = 0; at < 10_000; at++) known.remember(known.find(`k${at}`, 'busy', 1), a)
    expect(known.size).toBe(4_096)
    expect(a.conversations).toBe(4_096)
    expect(known.find('k', 'quiet', 2).member).toBe(a)
    expect(known.find('k9999', 'busy', 2).member).toBe(a)
    expect(known.find('k0', 'busy', 2).member).toBeUndefined()
  })

  it('of callers with as many each make room from whoever came least recently', () => {
    const known = new Conversations()
    for (let at = 0; at < 4_096; at++) known.find('k', `caller-${at}`, 0)
    const second = known.find('k', 'caller-1', 0)
    known.find('k', 'caller-0', 1)
    known.find('k', 'new', 2)
    expect(known.find('k', 'caller-1', 3)).toBe(second)
    expect(known.size).toBe(4_096)
  })

  it('make room without a look at all of them', () => {
    const known = new Conversations()
    let looks = 0
    const counted = (key: string, caller: string) => {
      const get = () => {
        looks++
        return caller
      }
      Object.defineProperty(known.find(key, caller, 0), 'caller', { get })
    }
    for (let at = 0; at < 2_000; at++) counted('k', `caller-${at}`)
    for (let at = 0; at < 2_096; at++) counted(`k${at}`, 'busy')
    looks = 0
    for (let at = 0; at < 100; at++) known.find('k', `new-${at}`, 1)
    expect(known.size).toBe(4_096)
    expect(looks).toBeLessThan(1_000)
  })

  it('that were forgotten while they were answered are not counted', () => {
    const [a, b] = [member('a'), member('b')]
    const known = new Conversations()
    const one = known.find('k', 'x', 0)
    known.remember(one, a)
    known.find('other', 'x', 2 * HOUR)
    expect(known.remember(one, b)).toBe('moved')
    expect([a.conversations, b.conversations]).toEqual([0, 0])
  })

  it('with a request in progress are continued by no other one', () => {
    const known = new Conversations()
    const of = (key: string | undefined) =>
      known.of({ conversation: { key: () => key, length: () => 0 }, caller: 'x' }, 'm', 0)
    const one = of('k')
    expect(of('k')).toBe(one)
    if (one) one.running++
    expect(of('k')).toBeUndefined()
    expect(of(undefined)).toBeUndefined()
    expect(known.of({ conversation: undefined, caller: 'x' }, 'm', 0)).toBeUndefined()
  })
})
