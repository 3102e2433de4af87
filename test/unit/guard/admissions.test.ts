import { afterEach, describe, expect, it, vi } from 'vitest'
import { Admissions } from '../../../src/guard/admissions.ts'
import { Caller } from '../../../src/guard/caller.ts'
import { Denials } from '../../../src/guard/denials.ts'
import type { Claim, HeldPermit, Levels, Limits, LimitsOfKey } from '../../../src/state/limits.ts'
import { memoryLimits } from '../../../src/state/memory-limits.ts'
import { levelsIn, limitsAt, limitsWith } from '../../support/limits.ts'

afterEach(() => void vi.useRealTimers())

const use = { promptTokens: () => 4, answers: 0, answerMost: () => 1 }

/** A store elsewhere, and what it was asked. */
function shared(memory: Limits) {
  const claims: Claim[] = []
  const renewed: string[][] = []
  const store = limitsWith(memory, {
    async admit(claim) {
      claims.push(claim)
      return memory.admit(claim)
    },
    async renew(permits: readonly HeldPermit[]) {
      renewed.push(permits.map(({ id }) => id))
    },
  })
  return { store, claims, renewed }
}

const refusalOf = (caller: Caller, needsTokens = true) => {
  try {
    caller.requireLeft(needsTokens)
  } catch (error) {
    return String((error as Error).message)
  }
  return undefined
}

describe('a store that several instances share', () => {
  it('is asked once for each request, and for none that is known to be refused', async () => {
    const { store, claims } = shared(memoryLimits())
    const admissions = new Admissions(store)
    const key = { name: 'ann', requestsPerMinute: 2, tokensPerMinute: 100, maxConcurrency: 2 }
    for (let count = 0; count < 2; count++) {
      const caller = new Caller(key, admissions)
      caller.requireLeft(true)
      caller.enter()
      const permit = await caller.permit(use)
      permit.end({ total: 3, answer: 0, isWhole: true })
    }
    expect(claims).toMatchObject([
      { key: 'ann', requests: 1, tokens: 4, permit: { slot: 'running' } },
      { key: 'ann', requests: 1, tokens: 4, permit: { slot: 'running' } },
    ])
    expect(Object.keys(claims[0]?.limits ?? {})).not.toContain('name')
    for (let count = 0; count < 3; count++) {
      const caller = new Caller(key, admissions)
      expect(refusalOf(caller)).toMatch(/^You have reached your limit of 2 requests per minute/)
      expect(caller.headers['x-ratelimit-remaining-requests']).toBe('0')
      caller.leave()
    }
    expect(claims.length).toBe(2)
    const more = { ...key, requestsPerMinute: 3 }
    expect(refusalOf(new Caller(more, admissions))).toBeUndefined()
  })

  it('is told every 10 seconds of all permits that are held, by one timer', async () => {
    vi.useFakeTimers()
    const { store, renewed } = shared(memoryLimits())
    const admissions = new Admissions(store)
    const key = { name: 'ann', maxConcurrency: 9 }
    const permits = [0, 1, 2].map(() => new Caller(key, admissions).permit(use))
    const [first, second, third] = await Promise.all(permits)
    first?.end()
    await vi.advanceTimersByTimeAsync(10_000)
    second?.end()
    await vi.advanceTimersByTimeAsync(10_000)
    third?.end()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(renewed.map(({ length }) => length)).toEqual([2, 1])
    expect(new Set(renewed.flat()).size).toBe(2)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(renewed.length).toBe(2)
  })

  it('is told by each request itself where no timer may serve several', async () => {
    vi.useFakeTimers()
    const { store, renewed } = shared(memoryLimits())
    const permit = await new Caller(
      { name: 'ann', maxConcurrency: 9 },
      new Admissions(store, true),
    ).permit(use)
    expect(vi.getTimerCount()).toBe(0)
    permit.renew?.()
    permit.end()
    permit.renew?.()
    expect(renewed.length).toBe(1)
  })

  it('is not told of permits where it is this process’s memory', async () => {
    vi.useFakeTimers()
    const permit = await new Caller(
      { name: 'ann', maxConcurrency: 9 },
      new Admissions(limitsAt()),
    ).permit(use)
    expect([vi.getTimerCount(), permit.renew]).toEqual([0, undefined])
  })
})

describe('a slot in a shared store that is given back while the next request comes', () => {
  const key = { name: 'ann', maxConcurrency: 1, requestsPerMinute: 9 }

  it('is asked for once more', async () => {
    vi.useFakeTimers()
    const { store, claims } = shared(memoryLimits())
    // Two instances, of which the first is slow to tell of the end of its request.
    const [first, second] = [new Admissions(store), new Admissions(store)]
    const late = (act: () => unknown) => void setTimeout(act, 30)
    const held = await new Caller(key, first, late).permit(use)
    held.end()
    const next = new Caller(key, second).permit(use)
    await vi.advanceTimersByTimeAsync(60)
    const permit = await next
    expect(claims.map(({ requests }) => requests)).toEqual([1, 1, 1])
    expect(store.levels('ann', key)).toMatchObject({ running: 1, day: { requests: 2 } })
    permit.end()
  })

  it('is asked for no third time, and not at all where this process alone counts', async () => {
    const { store, claims } = shared(memoryLimits())
    for (const [limits, asked] of [
      [store, 3],
      [memoryLimits(), 0],
    ] as const) {
      claims.length = 0
      const admissions = new Admissions(limits)
      const permit = await new Caller(key, admissions).permit(use)
      const refused = new Caller(key, admissions).permit(use)
      await expect(refused).rejects.toMatchObject({ status: 429 })
      expect(claims.length).toBe(asked)
      permit.end()
    }
  })
})

describe('what is known of a key', () => {
  const limits: LimitsOfKey = { requestsPerMinute: 60, tokensPerMinute: 60, requestsPerDay: 100 }
  const levelsWith = (own: Partial<Levels>): Levels => ({
    ...levelsIn(limitsAt(), 'ann', limits),
    ...own,
  })
  const level = (remaining: number, fullInMs: number) => ({ limit: 60, remaining, fullInMs })
  const at = (clock = { now: 0 }) => ({ clock, denials: new Denials(() => clock.now) })

  it('refuses until a request is there again', () => {
    const { clock, denials } = at()
    denials.learn('ann', limits, levelsWith({ requests: level(0, 60_000) }))
    clock.now = 400
    expect(denials.find('ann', limits, false)).toMatchObject({
      ...{ by: 'requests', wait: 600, levels: { requests: { remaining: 0, fullInMs: 59_600 } } },
    })
    clock.now = 1_000
    expect(denials.find('ann', limits, false)).toBeUndefined()
    expect(denials.has('ann')).toBe(false)
  })

  it('refuses for a day or month a minute at most, then the store is asked again', () => {
    const { clock, denials } = at()
    const levels = levelsWith({})
    levels.day = { ...levels.day, requests: 100 }
    denials.learn('ann', limits, levels)
    clock.now = 59_999
    const wait = levels.day.endsInMs - 59_999
    expect(denials.find('ann', limits, false)).toMatchObject({ by: 'requestsPerDay', wait })
    clock.now = 60_000
    expect(denials.find('ann', limits, false)).toBeUndefined()
    expect(denials.has('ann')).toBe(false)
  })

  it('refuses for a limit by minute only as long as that lasts', () => {
    const { clock, denials } = at()
    const levels = levelsWith({ requests: level(0, 60_000) })
    levels.day = { ...levels.day, requests: 100 }
    denials.learn('ann', limits, levels)
    const { requestsPerDay: _, ...byMinute } = limits
    expect(denials.find('ann', byMinute, false)?.by).toBe('requests')
    clock.now = 1_000
    expect(denials.find('ann', byMinute, false)).toBeUndefined()
    expect(denials.find('ann', limits, false)?.by).toBe('requestsPerDay')
  })

  it('names the limit that lasts longest', () => {
    const { denials } = at()
    const levels = levelsWith({ requests: level(0, 60_000) })
    levels.day = { ...levels.day, requests: 100 }
    denials.learn('ann', limits, levels)
    expect(denials.find('ann', limits, false)?.by).toBe('requestsPerDay')
  })

  it('refuses for tokens only who needs them, for a second, and until some are given back', () => {
    const { clock, denials } = at()
    const learn = () => denials.learn('ann', limits, levelsWith({ tokens: level(0, 90_000) }))
    learn()
    expect(denials.find('ann', limits, false)).toBeUndefined()
    expect(denials.find('ann', limits, true)).toMatchObject({ by: 'tokens', wait: 31_000 })
    denials.refund('ann')
    expect(denials.find('ann', limits, true)).toBeUndefined()
    learn()
    clock.now = 1_001
    expect(denials.find('ann', limits, true)).toBeUndefined()
  })

  it('is forgotten where another answer says more, and for all but a thousand keys', () => {
    const { denials } = at()
    const none = levelsWith({ requests: level(0, 60_000) })
    denials.learn('ann', limits, none)
    denials.learn('ann', limits, levelsWith({ requests: level(1, 59_000) }))
    expect(denials.has('ann')).toBe(false)
    for (let name = 0; name < 3_000; name++) denials.learn(`${name}`, limits, none)
    expect([denials.has('0'), denials.has('2999')]).toEqual([false, true])
  })
})
