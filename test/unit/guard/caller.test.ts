import { describe, expect, it } from 'vitest'
import { Admissions } from '../../../src/guard/admissions.ts'
import { Caller } from '../../../src/guard/caller.ts'
import { formatReset } from '../../../src/guard/limit-reached.ts'
import type { ExpectedUse } from '../../../src/guard/reservation.ts'
import { readKey } from '../../../src/settings/keys.ts'
import type { Claim } from '../../../src/state/limits.ts'
import { ApiError } from '../../../src/wire/errors/api-error.ts'
import { callerOf, levelsIn, limitsAt, limitsWith } from '../../support/limits.ts'

const hash = `sha256:${'a'.repeat(64)}`

interface Expected {
  prompt?: number
  answers?: number
  most?: number
}

function expected({ prompt = 0, answers = 1, most = Number.POSITIVE_INFINITY }: Expected) {
  return { promptTokens: () => prompt, answers, answerMost: () => most } satisfies ExpectedUse
}

it.each([
  [0, '0ms'],
  [0.2, '1ms'],
  [999, '999ms'],
  [1_000, '1s'],
  [59_001, '1m0s'],
  [360_000, '6m0s'],
  [18_001_000, '5h0m1s'],
])('%d ms are told as %s', (milliseconds, text) => {
  expect(formatReset(milliseconds)).toBe(text)
})

function thrownBy(act: () => void): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}

it('waits until a prompt is measured before it reserves its tokens, where they are limited', async () => {
  const store = limitsAt()
  const admissions = new Admissions(store)
  let prompt = 0
  let calls = 0
  const use: ExpectedUse = {
    ...expected({ answers: 0 }),
    promptTokens: () => prompt,
    async measure() {
      calls++
      await new Promise((resolve) => setTimeout(resolve, 5))
      prompt = 40
    },
  }
  const limited = readKey({ name: 'a', hash, tokensPerMinute: 100 }, 'key')
  const permit = await new Caller(limited, admissions).permit(use)
  expect(levelsIn(store, 'a', limited).tokens?.remaining).toBe(60)
  permit.end()
  await new Caller(readKey({ name: 'b', hash }, 'key'), admissions).permit(use)
  expect(calls).toBe(1)
})

it('keeps nothing of a request whose client leaves while its prompt is measured, and counts it once', async () => {
  const store = limitsAt()
  const admissions = new Admissions(store)
  const measured = Promise.withResolvers<void>()
  const use: ExpectedUse = {
    ...expected({ answers: 0 }),
    promptTokens: () => 40,
    measure: () => measured.promise,
  }
  const most = { requestsPerMinute: 10, tokensPerMinute: 100, maxConcurrency: 1 }
  const limited = readKey({ name: 'a', hash, ...most }, 'key')
  const caller = new Caller(limited, admissions)
  caller.enter()
  const permitting = caller.permit(use)
  caller.leave()
  measured.resolve()
  await permitting
  await new Promise((resolve) => setTimeout(resolve))
  const { requests, tokens } = levelsIn(store, 'a', limited)
  expect([requests?.remaining, tokens?.remaining]).toEqual([9, 100])
  const next = new Caller(limited, admissions)
  next.enter()
  next.leave()
})

it('counts a request before it is parsed, and gives its slot back once', async () => {
  const store = limitsAt()
  const admissions = new Admissions(store)
  const key = readKey({ name: 'a', hash, tokensPerMinute: 100, maxConcurrency: 1 }, 'key')
  const next = () => new Caller(key, admissions)
  const remaining = () => levelsIn(store, 'a', key).tokens?.remaining
  const [first, second, third] = [next(), next(), next()]
  const use = expected({ prompt: 10, answers: 0 })
  first.enter()
  const refused = thrownBy(() => second.enter())
  expect(refused).toBeInstanceOf(ApiError)
  expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
  second.leave()
  expect(thrownBy(() => second.enter())).toMatchObject({ status: 429 })
  const permit = await first.permit(use)
  expect(remaining()).toBe(90)
  permit.end({ total: 25, answer: 0, isWhole: true })
  first.leave()
  expect(remaining()).toBe(75)
  third.enter()
  expect(thrownBy(() => next().enter())).toMatchObject({ status: 429 })
  ;(await third.permit(use)).end()
  next().enter()
  expect(remaining()).toBe(75)
  expect(levelsIn(store, 'a', key).day).toMatchObject({ requests: 2, tokens: 25 })
})

it('counts a request that failed before it was admitted, once, and none that was refused', async () => {
  const store = limitsAt()
  const admissions = new Admissions(store)
  const key = readKey({ name: 'a', hash, requestsPerMinute: 2 }, 'key')
  const failing = new Caller(key, admissions)
  await failing.count()
  await failing.count()
  failing.leave()
  expect(failing.headers['x-ratelimit-remaining-requests']).toBe('1')
  const left = new Caller(key, admissions)
  left.leave()
  left.leave()
  await Promise.resolve()
  const refused = new Caller(key, admissions)
  expect(thrownBy(() => refused.requireLeft(true))).toMatchObject({ status: 429 })
  await refused.count()
  refused.leave()
  expect(levelsIn(store, 'a', key)).toMatchObject({
    requests: { remaining: 0 },
    day: { requests: 2 },
  })
})

it('counts what a caller without limits has used, by its name', async () => {
  const store = limitsAt()
  const admissions = new Admissions(store)
  for (const key of [readKey({ name: 'a', hash }, 'key'), undefined]) {
    const asking = new Caller(key, admissions)
    const permit = await asking.permit(expected({ prompt: 10 }))
    expect(permit.meter).toBeUndefined()
    permit.end({ total: 30, answer: 20, isWhole: true })
    await new Caller(key, admissions).countRequest()
    new Caller(key, admissions).leave()
    const used = { requests: 3, tokens: 30, answerTokens: 20 }
    expect(levelsIn(store, key?.name ?? '', {})).toMatchObject({ day: used, month: used })
  }
})

it('knows what Ollama adds to a name', () => {
  const key = readKey({ name: 'a', hash, models: ['llama3.2', 'qwen*:8b'] }, 'key')
  const caller = callerOf(key)
  const names = ['llama3.2', 'llama3.2:latest', 'llama3.2:1b', 'qwen3:8b', 'qwen3:80b']
  expect(names.filter((name) => caller.mayUseModel?.(name))).toEqual([
    'llama3.2',
    'llama3.2:latest',
    'qwen3:8b',
  ])
})

describe('of the answer, the part that is reserved', () => {
  const keyOf = (limit: number) => readKey({ name: 'a', hash, tokensPerMinute: limit }, 'key')
  const key = keyOf(10_000)

  /** What is reserved for a request, after answers of these lengths. */
  async function reservedAfter(
    answers: number[],
    { limit = 10_000, ...next }: Expected & { limit?: number },
  ): Promise<number | undefined> {
    const admissions = new Admissions(limitsAt())
    const caller = () => new Caller(keyOf(limit), admissions)
    for (const answer of answers) {
      const permit = await caller().permit(expected({}))
      // As if the prompt was refunded, so that the bucket stays full.
      permit.end({ total: 0, answer, isWhole: true })
    }
    return (await caller().permit(expected(next))).meter?.reserved
  }

  it.each<[string, number[], Expected & { limit?: number }, number]>([
    ['is a quarter of a minute, where nothing else is known', [], {}, 2_500],
    ['is no more for one that asks for far more', [], { most: 32_000, prompt: 100 }, 2_600],
    ['is what it asks for', [], { most: 40, prompt: 7 }, 47],
    ['is what answers took lately', [300], { most: 32_000 }, 300],
    ['falls slowly', [300, 100], { most: 32_000 }, 260],
    ['rises at once', [300, 2_000], { most: 32_000 }, 2_000],
    ['is never less than a 64th, where the answer may be longer', [1], { most: 32_000 }, 156],
    ['is never less than 512, where the limit is large', [1], { most: 32_000, limit: 1e7 }, 512],
    ['is less for one that cannot be longer', [1], { most: 20 }, 20],
    ['is for each answer', [], { most: 100, answers: 3 }, 300],
    ['is at most a quarter for all answers', [], { most: 2_000, answers: 128 }, 2_500],
    ['is nothing where nothing is generated', [], { answers: 0, prompt: 9 }, 9],
  ])('%s', async (_title, answers, next, reserved) => {
    expect(await reservedAfter(answers, next)).toBe(reserved)
  })

  it('is a guess before the first answer, so that several requests can begin at once', async () => {
    const admissions = new Admissions(limitsAt())
    const large = readKey({ name: 'a', hash, tokensPerMinute: 100_000 }, 'key')
    for (let request = 0; request < 20; request++) {
      const permit = await new Caller(large, admissions).permit(expected({ prompt: 100 }))
      expect(permit.meter?.reserved).toBe(4_196)
    }
  })

  it('is of its own caller', async () => {
    const admissions = new Admissions(limitsAt())
    const other = readKey({ name: 'b', hash, tokensPerMinute: 10_000 }, 'key')
    const permit = await new Caller(key, admissions).permit(expected({}))
    permit.end({ total: 50, answer: 50, isWhole: true })
    const { meter } = await new Caller(other, admissions).permit(expected({}))
    expect(meter?.reserved).toBe(2_500)
  })

  it('is not shortened by answers that were broken off, or could not be longer', async () => {
    const admissions = new Admissions(limitsAt())
    const caller = () => new Caller(key, admissions)
    const first = await caller().permit(expected({}))
    first.end({ total: 0, answer: 1_000, isWhole: true })
    const left = await caller().permit(expected({}))
    left.end({ total: 0, answer: 1, isWhole: false })
    const short = await caller().permit(expected({ most: 1 }))
    short.end({ total: 0, answer: 1, isWhole: true })
    expect((await caller().permit(expected({}))).meter?.reserved).toBe(1_000)
  })
})

it('takes from the bucket what comes beyond the reservation, once', async () => {
  const store = limitsAt()
  const key = readKey({ name: 'a', hash, tokensPerMinute: 100 }, 'key')
  const permit = await callerOf(key, store).permit(expected({ prompt: 10, most: 5 }))
  const left = () => levelsIn(store, 'a', key).tokens?.remaining
  const use = (total: number) => ({ total, answer: total - 10, isWhole: false })
  expect(left()).toBe(85)
  permit.meter?.advance(use(12))
  expect(left()).toBe(85)
  permit.meter?.advance(use(40))
  expect(left()).toBe(60)
  permit.meter?.advance(use(40))
  permit.meter?.advance(use(Number.NaN))
  permit.meter?.advance(use(Number.POSITIVE_INFINITY))
  expect(left()).toBe(60)
  permit.end(use(30))
  permit.end(use(90))
  permit.meter?.advance(use(90))
  expect(left()).toBe(70)
})

it('is not broken by a store that computes nonsense', async () => {
  const none = Number.NaN
  const level = { limit: 100, remaining: none, fullInMs: none }
  const memory = limitsAt()
  const store = limitsWith(memory, {
    async admit() {
      const levels = { ...levelsIn(memory, 'a', {}), tokens: level }
      return { refusedBy: 'tokens', availableInMs: none, levels }
    },
  })
  const key = readKey({ name: 'a', hash, tokensPerMinute: 100 }, 'key')
  const caller = callerOf(key, store)
  const error: unknown = await caller.permit(expected({})).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
  expect(caller.headers).toEqual({})
})

it('gives a store finite amounts only, whatever a request is estimated at', async () => {
  const amounts: number[] = []
  const memory = limitsAt()
  const store = limitsWith(memory, {
    admit(claim: Claim) {
      amounts.push(claim.tokens, claim.answerTokens ?? 0)
      return memory.admit(claim)
    },
    settle(permit, used) {
      amounts.push(used?.tokens ?? 0, used?.answerTokens ?? 0)
      return memory.settle(permit, used)
    },
  })
  const key = readKey({ name: 'a', hash, tokensPerMinute: 100 }, 'key')
  for (const limits of [key, { name: 'b' }]) {
    for (const total of [Number.NaN, Number.POSITIVE_INFINITY, -5, 20]) {
      const caller = callerOf({ ...limits, name: `${limits.name}${total}` }, store)
      const permit = await caller.permit(expected({ prompt: total }))
      permit.end({ total, answer: total, isWhole: true })
    }
  }
  expect(amounts.length).toBeGreaterThan(12)
  expect(amounts.filter((amount) => !(Number.isFinite(amount) && amount >= 0))).toEqual([])
})
