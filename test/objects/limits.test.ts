// The limits of keys in Durable Objects.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Limits } from '../../src/state/limits.ts'
import { claim, counted, held, KEY } from '../state/limits-claims.ts'
import { limitsSuite } from '../state/limits-suite.ts'
import { type Objects, startObjects } from './support/objects.ts'

let objects: Objects
let stores = 0

beforeAll(async () => {
  objects = await startObjects()
})
afterAll(() => objects[Symbol.asyncDispose]())

/** Limits that nobody has used yet. */
function remoteLimits(store = `${stores++}`): Limits {
  const call = (method: string, ...args: unknown[]) =>
    objects.call(`limits/${store}/${method}`, ...args) as Promise<never>
  return {
    admit: (asked) => call('admit', asked),
    renew: (permits) => call('renew', permits),
    advance: (permit, used) => call('advance', permit, used),
    settle: (permit, used) => call('settle', permit, used),
    levels: (key, limits) => call('levels', key, limits),
  }
}

limitsSuite('Durable Objects', () => {
  const limits = remoteLimits()
  return { limits, other: limits, pass: (ms) => objects.pass(ms) }
})

it('keeps what a key has used, its debt and its slots when workerd is killed', async () => {
  const limits = remoteLimits()
  const all = { tokensPerMinute: 100, requestsPerDay: 10, maxConcurrency: 2 }
  const first = held(all, { tokens: 60 })
  const second = held(all, { tokens: 10 })
  await limits.admit(first.claim)
  await limits.admit(second.claim)
  await limits.settle(first.permit, { tokens: 200, answerTokens: 150 })
  const before = counted(await limits.levels(KEY, all))
  expect(before).toMatchObject({ tokens: 0, running: 1, day: [2, 210, 150] })
  // What was not written within a second is lost.
  await new Promise((resolve) => setTimeout(resolve, 1_300))
  await objects.crash()
  expect(counted(await limits.levels(KEY, all))).toEqual(before)
  expect((await limits.admit(claim(all, { tokens: 1 }))).refusedBy).toBe('tokens')
  await limits.settle(second.permit, { tokens: 10, answerTokens: 1 })
  await limits.settle(second.permit, { tokens: 10, answerTokens: 1 })
  expect(counted(await limits.levels(KEY, all))).toMatchObject({ running: 0, day: [2, 210, 151] })
})
