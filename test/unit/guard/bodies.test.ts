import { describe, expect, it, vi } from 'vitest'
import { Admissions } from '../../../src/guard/admissions.ts'
import { readJsonBody } from '../../../src/guard/body.ts'
import { Caller } from '../../../src/guard/caller.ts'
import { createHandler } from '../../../src/handler.ts'
import type { Limits } from '../../../src/state/limits.ts'
import { memoryLimits } from '../../../src/state/memory-limits.ts'
import { levelsIn, limitsAt, limitsWith } from '../../support/limits.ts'

const use = { promptTokens: () => 1, answers: 0, answerMost: () => 1 }

/** A store elsewhere, and how often it was asked for levels. */
function shared(memory: Limits) {
  const levels = vi.fn(async (...asked: Parameters<Limits['levels']>) => memory.levels(...asked))
  const store = limitsWith(memory, { admit: async (claim) => memory.admit(claim), levels })
  return { store, levels }
}

/** What came of so many requests that begin to be read at once. */
async function entered(count: number, key: { name: string }, admissions: Admissions) {
  const callers = Array.from({ length: count }, () => new Caller(key, admissions))
  const all = await Promise.allSettled(callers.map(async (caller) => caller.enter()))
  return {
    read: callers.filter((_, at) => all[at]?.status === 'fulfilled'),
    refused: all.flatMap((each) => (each.status === 'rejected' ? [each.reason] : [])),
    callers,
  }
}

it('reads no more bodies at once than the key may send requests', async () => {
  const { fetch } = createHandler({
    authenticate: () => ({ name: 'ann', requestsPerMinute: 5 }),
    staticDelay: 0,
  })
  let whole = 0
  const ask = async () => {
    let parts = 0
    const pull = async (controller: ReadableStreamDefaultController) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (parts++ < 4) return controller.enqueue(new Uint8Array(65_536).fill(32))
      const chat = { model: 'static', messages: [{ role: 'user', content: 'Hi' }] }
      controller.enqueue(new TextEncoder().encode(JSON.stringify(chat)))
      controller.close()
      whole++
    }
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new ReadableStream({ pull }, { highWaterMark: 0 }),
      duplex: 'half' as const,
    }
    const answer = await fetch(new Request('http://sluice.example/v1/chat/completions', init))
    await answer.text()
    return answer.status
  }
  const statuses = await Promise.all(Array.from({ length: 30 }, ask))
  expect(statuses.filter((status) => status === 200).length).toBe(5)
  expect(statuses.filter((status) => status === 429).length).toBe(25)
  expect(whole).toBe(5)
})

describe.each(['memory', 'a shared store'])('bodies that are read, with limits in %s', (where) => {
  const open = () => {
    const memory = limitsAt()
    const { store, levels } =
      where === 'memory' ? { store: memory, levels: undefined } : shared(memory)
    return { memory, admissions: new Admissions(store), levels }
  }

  it.each([
    ['requests per minute', { requestsPerMinute: 3 }, 20],
    ['requests per day', { requestsPerMinute: 9, requestsPerDay: 3 }, 43_200],
    ['requests per month', { requestsPerMonth: 3 }, 388_800],
  ])('are no more than what is left of %s', async (what, limits, seconds) => {
    const { memory, admissions, levels } = open()
    const key = { name: 'ann', ...limits }
    const { read, refused, callers } = await entered(20, key, admissions)
    expect(read.length).toBe(3)
    expect(refused[0]?.message).toContain(`limit of 3 ${what}`)
    expect(refused[0]?.headers['retry-after']).toBe(String(seconds))
    if (levels !== undefined) expect(levels).toHaveBeenCalledTimes(1)
    for (const caller of read) await caller.permit(use)
    for (const caller of callers) caller.leave()
    expect(levelsIn(memory, 'ann', limits).day.requests).toBe(3)
  })

  it('keep no other out once their requests have failed or were refused', async () => {
    const { admissions } = open()
    const key = { name: 'ann', requestsPerMinute: 2, tokensPerMinute: 10, maxConcurrency: 9 }
    const [first, second] = (await entered(2, key, admissions)).read
    const tokens = { ...use, promptTokens: () => 10 }
    await first?.permit(tokens)
    // It was refused for tokens, so that it counts for nothing.
    await expect(second?.permit(tokens)).rejects.toMatchObject({ status: 429 })
    second?.leave()
    expect((await entered(2, key, admissions)).read.length).toBe(1)
  })
})

it('asks a shared store again where what it has told is a second old', async () => {
  vi.useFakeTimers()
  const memory = memoryLimits()
  const { store, levels } = shared(memory)
  const admissions = new Admissions(store)
  const key = { name: 'ann', requestsPerDay: 4, requestsPerMinute: 60 }
  expect((await entered(6, key, admissions)).read.length).toBe(4)
  expect((await entered(2, key, admissions)).read.length).toBe(0)
  expect(levels).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1_100)
  expect((await entered(2, { ...key, requestsPerDay: 5 } as never, admissions)).read.length).toBe(1)
  expect(levels).toHaveBeenCalledTimes(2)
  vi.useRealTimers()
})

it('reads on where a shared store fails, which then decides itself', async () => {
  const store = limitsWith(limitsAt(), { levels: () => Promise.reject(new Error('it is gone')) })
  const key = { name: 'ann', requestsPerMinute: 1 }
  expect((await entered(3, key, new Admissions(store))).read.length).toBe(3)
})

it.each([
  ['than its header says', 10],
  ['than a negative length', -1],
])('refuses a body that is longer %s', async (_, length) => {
  const headers = { 'content-type': 'application/json', 'content-length': String(length) }
  const body = JSON.stringify(['a'.repeat(2_000)])
  const request = new Request('http://sluice.example', { method: 'POST', headers, body })
  expect(request.headers.get('content-length')).toBe(String(length))
  await expect(readJsonBody(request, 1_000, 60)).rejects.toMatchObject({ status: 413 })
})
