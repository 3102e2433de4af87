import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../../src/engines/engine.ts'
import { balancing } from '../../../../src/engines/pool/balancing.ts'
import { PoolState } from '../../../../src/engines/pool/pool-state.ts'

function engine(label: string, address?: string, more: Partial<Engine> = {}): Engine {
  return { label, address, isServer: true, ...more } as Engine
}

const A = 'http://10.0.0.1/v1'
const B = 'http://10.0.0.2/v1'
const signal = new AbortController().signal

describe('what is known of an engine is kept', () => {
  it('for the same address and label, with the limit that it has now', () => {
    const state = new PoolState(false, { balancing })
    const [before] = state.takeOver({}, [engine('gpu', A)], 1)
    const [after] = state.takeOver({}, [engine('gpu', A, { maxConcurrency: 3 })], 1)
    expect(after).toBe(before)
    expect(after?.concurrencyLimit).toBe(3)
  })

  it('for the same address where the label depends on the place among others', () => {
    const state = new PoolState(false, { balancing })
    const [first] = state.takeOver({}, [engine('upstream-1', A)], 1)
    const [added, moved] = state.takeOver({}, [engine('upstream-1', B), engine('upstream-2', A)], 1)
    expect(moved).toBe(first)
    expect(added).not.toBe(first)
  })

  it('but not for another address, nor for one of two at the same', () => {
    const state = new PoolState(false, { balancing })
    const [a, b] = state.takeOver({}, [engine('a', A), engine('b', A)], 1)
    expect(state.takeOver({}, [engine('a', B)], 1)[0]).not.toBe(a)
    const other = new PoolState(false, { balancing })
    const [c] = other.takeOver({}, [engine('a', A)], 1)
    expect(other.takeOver({}, [engine('b', A), engine('a', A)], 1)[1]).toBe(c)
    expect(a).not.toBe(b)
  })

  it('for engines within this process, by their labels', () => {
    const state = new PoolState(false, { balancing })
    const before = state.takeOver({}, [engine('one'), engine('two')], 1)
    expect(state.takeOver({}, [engine('two'), engine('one')], 1)).toEqual(before.toReversed())
  })

  it('while it answers requests, though its settings are gone and come back', async () => {
    const state = new PoolState(false, { balancing })
    const [member] = state.takeOver({}, [engine('gpu', A)], 1)
    if (member === undefined) throw new Error('no member')
    const slot = await state.limiter.acquire({
      caller: '',
      members: [member],
      isForced: true,
      signal,
    })
    state.takeOver({}, [], 1)
    expect(state.takeOver({}, [engine('gpu', A)], 1)[0]).toBe(member)
    slot.free()
    state.takeOver({}, [], 1)
    expect(state.takeOver({}, [engine('gpu', A)], 1)[0]).not.toBe(member)
  })

  it('for a server that discovery finds again, whose former pool changes nothing of it', () => {
    const state = new PoolState(false, { balancing })
    const [former, current] = [{}, {}]
    state.takeOver(former, [], 1)
    const found = (maxConcurrency: number) =>
      engine('ollama', A, { isDiscovered: true, maxConcurrency })
    const member = state.memberOf(found(1), former)
    state.takeOver(current, [], 1)
    expect(state.memberOf(found(2), current)).toBe(member)
    expect(member.concurrencyLimit).toBe(2)
    expect(state.memberOf(found(1), former)).toBe(member)
    expect(member.concurrencyLimit).toBe(2)
  })

  it('with its circuit breaker', () => {
    const state = new PoolState(false, { balancing })
    const [member] = state.takeOver({}, [engine('gpu', A)], 1)
    for (let count = 0; count < 5; count++) member?.breaker.acquire(0).failed(0)
    expect(member?.breaker.state(1)).toBe('open')
    const [after] = state.takeOver({}, [engine('gpu', A)], 1)
    expect(after?.breaker.state(1)).toBe('open')
  })
})
