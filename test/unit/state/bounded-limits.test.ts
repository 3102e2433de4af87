import { describe, expect, it, vi } from 'vitest'
import { createHandler } from '../../../src/handler.ts'
import { boundedLimits } from '../../../src/state/bounded-limits.ts'
import type { Levels, Limits } from '../../../src/state/limits.ts'
import { memoryLimits } from '../../../src/state/memory-limits.ts'
import { asError } from '../../../src/util/as-error.ts'
import { claim, held } from '../../state/limits-claims.ts'
import { limitsWith } from '../../support/limits.ts'

const never = () => new Promise<never>(() => {})
const silent: Limits = {
  ...{ admit: never, renew: never, advance: never, settle: never, levels: never },
}
const { permit } = held({ tokensPerMinute: 10 })
const used = { tokens: 1, answerTokens: 1 }

describe('a store of the program’s own', () => {
  it.each<[string, (limits: Limits) => unknown]>([
    ['admit', (limits) => limits.admit(claim({}))],
    ['renew', (limits) => limits.renew([permit])],
    ['advance', (limits) => limits.advance(permit, used)],
    ['settle', (limits) => limits.settle(permit, used)],
    ['levels', (limits) => limits.levels('ann', {})],
  ])('that never answers ends no request’s %s later than the deadline', async (name, call) => {
    const asked = Promise.resolve(call(boundedLimits(silent, 10)))
    const error = await asked.then(() => new Error('it did not reject'), asError)
    expect(error).toMatchObject({
      ...{ status: 503, code: 'state_unavailable', headers: { 'retry-after': '5' } },
      cause: expect.objectContaining({ message: expect.stringContaining(`${name}() to settle`) }),
    })
    expect(error.message).not.toContain(name)
  })

  it.each<[string, Limits['admit']]>([
    [
      'throws',
      () => {
        throw new Error('secret-host is gone')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('secret-host is gone')
      },
    ],
    ['answers nothing', (() => undefined) as never],
    ['answers without levels', (async () => ({ availableInMs: 0 })) as never],
    ['answers a text', (() => 'yes') as never],
  ])('that %s refuses the request, without its own words', async (_, admit) => {
    const limits = boundedLimits({ ...silent, admit })
    const error = await (async () => limits.admit(claim({})))().catch((reason) => reason)
    expect(error).toMatchObject({ status: 503, code: 'state_unavailable' })
    expect(error.message).not.toContain('secret-host')
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('gives back what it admits after the deadline, and only that', async () => {
    vi.useFakeTimers()
    const memory = memoryLimits()
    const one = { maxConcurrency: 1, tokensPerMinute: 10 }
    const settle = vi.fn(memory.settle.bind(memory))
    const limits = boundedLimits(
      limitsWith(memory, {
        async admit(claim) {
          await new Promise((resolve) => setTimeout(resolve, 20))
          return memory.admit(claim)
        },
        settle,
      }),
      10,
    )
    for (const { claim, permit } of [held(one, { tokens: 10 }), held(one, { tokens: 10 })]) {
      const asked = Promise.resolve(limits.admit(claim)).catch(asError)
      await vi.advanceTimersByTimeAsync(10)
      expect(await asked).toMatchObject({ status: 503 })
      expect(settle).not.toHaveBeenCalledWith(permit, undefined)
      await vi.advanceTimersByTimeAsync(10)
      expect(settle).toHaveBeenLastCalledWith(permit, undefined)
      expect(memory.levels('ann', one)).toMatchObject({ running: 0, tokens: { remaining: 10 } })
    }
    settle.mockClear()
    const late = [held({ requestsPerMinute: 1 }).claim, claim({}), claim({ requestsPerMinute: 1 })]
    for (const each of late) Promise.resolve(limits.admit(each)).catch(() => {})
    await vi.advanceTimersByTimeAsync(30)
    // The first alone was admitted with a permit, or at all.
    expect(settle).toHaveBeenCalledTimes(1)
    vi.useRealTimers()
  })

  it('answers at once where it does so itself', () => {
    const limits = boundedLimits(memoryLimits())
    expect(limits.isLocal).toBe(true)
    expect(limits.levels('ann', {})).toMatchObject({ day: { requests: 0 } } satisfies object)
    expect(boundedLimits(silent).isLocal).toBeUndefined()
  })
})

it('a store that fails refuses a key with limits, and no other', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const log: { code?: string; cause?: string }[] = []
  const broken = () => Promise.reject(new Error('the store is gone'))
  const { fetch } = createHandler({
    authenticate: ({ headers }) => {
      const name = headers.get('x-user') ?? ''
      return name === 'limited' ? { name, requestsPerMinute: 5 } : { name, admin: true }
    },
    staticDelay: 0,
    state: {
      limits: limitsWith(memoryLimits(), {
        admit: broken,
        settle: broken,
        levels: broken as () => Promise<Levels>,
      }),
    },
    log: (entry) => log.push(entry),
  })
  const ask = (path: string, user: string, body?: object) =>
    fetch(
      new Request(`http://sluice.example${path}`, {
        headers: { 'x-user': user, 'content-type': 'application/json' },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      }),
    )
  const chat = { model: 'static', messages: [{ role: 'user', content: 'Hi' }] }
  const refused = await ask('/v1/chat/completions', 'limited', chat)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await refused.text()).toContain('state_unavailable')
  expect(log[0]).toMatchObject({ code: 'state_unavailable', cause: 'the store is gone' })
  expect((await ask('/v1/models', 'limited')).status).toBe(503)
  expect((await ask('/v1/chat/completions', 'free', chat)).status).toBe(200)
  expect((await ask('/metrics', 'free')).status).toBe(200)
  expect((await ask('/v1/usage', 'free')).status).toBe(503)
  expect((await ask('/v1/activity', 'free')).status).toBe(200)
  expect((await ask('/health', 'free')).status).toBe(200)
  told.mockRestore()
})
