import { afterEach, expect, it, vi } from 'vitest'
import type { Key } from '../../../src/settings/keys.ts'
import { memoryLimits } from '../../../src/state/memory-limits.ts'
import { readFrames } from '../../../src/stream/body-reader.ts'
import { inBackground } from '../../../src/util/background.ts'
import { ChatContract } from '../../../src/wire/contract/chat.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'
import { callerOf, limitsWith } from '../../support/limits.ts'

// vitest fails where a rejection is handled by nobody.
const told = vi.spyOn(console, 'error').mockImplementation(() => {})
afterEach(() => void told.mockClear())

const turn = () => new Promise((resolve) => setTimeout(resolve, 5))

it.each([
  ['throws', () => Promise.resolve().then(() => Promise.reject(new Error('oh')))],
  [
    'rejects',
    () => {
      throw new Error('oh')
    },
  ],
])('what nobody waits for is told where it %s', async (_, act) => {
  expect(() => inBackground(act)).not.toThrow()
  await turn()
  expect(told).toHaveBeenCalledOnce()
})

it('is done at once', () => {
  const act = vi.fn()
  inBackground(act)
  expect(act).toHaveBeenCalledOnce()
})

it('a store of limits that fails at the end of a request ends nothing else', async () => {
  const broken = () => Promise.reject(new Error('the store is gone'))
  const store = limitsWith(memoryLimits(), { advance: broken, settle: broken })
  const key = { name: 'ann', maxConcurrency: 1, tokensPerMinute: 100 } as Key
  const caller = callerOf(key, store)
  caller.enter()
  const permit = await caller.permit({ promptTokens: () => 1, answers: 0, answerMost: () => 1 })
  const soFar = { total: 3, answer: 0, isWhole: false }
  expect(() => permit.meter?.advance(soFar)).not.toThrow()
  expect(() => permit.end({ total: 5, answer: 0, isWhole: true })).not.toThrow()
  await turn()
  expect(told).toHaveBeenCalledTimes(2)
})

it('a reader that throws at the end of a stream ends that stream', async () => {
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
  const choices = [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
  const text = `data: ${JSON.stringify({ ...chunk, choices })}\n`
  const reader = {
    forEachPacket: async (take: (packet: Uint8Array<ArrayBuffer>) => unknown) =>
      void take(encodeText(text)),
    read: async () => ({ done: true as const }),
    cancel: async () => {},
  }
  const body = { getReader: () => reader, cancel: async () => {} }
  const control = new AbortController()
  const { forEachPacket } = readFrames(body, new ChatContract({ label: 'x' }), control, true)
  const forwarding = forEachPacket?.(() => {
    throw new Error('it can not be written')
  })
  await expect(forwarding).rejects.toThrow('it can not be written')
})
