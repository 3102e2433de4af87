import { expect, it } from 'vitest'
import { Admissions } from '../../../src/guard/admissions.ts'
import { Caller } from '../../../src/guard/caller.ts'
import { readKey } from '../../../src/settings/keys.ts'
import type { Limits } from '../../../src/state/limits.ts'
import { levelsIn, limitsAt, limitsWith } from '../../support/limits.ts'

const hash = `sha256:${'a'.repeat(64)}`
const key = readKey({ name: 'a', hash, maxConcurrency: 1 }, 'key')
const use = { promptTokens: () => 1, answers: 1, answerMost: () => 1 }

function callers(store: Limits): () => Caller {
  const admissions = new Admissions(store)
  return () => new Caller(key, admissions)
}

it('a response in the background leaves the slots of its key to other requests', async () => {
  const store = limitsAt()
  const next = callers(store)
  const [first, second] = [next(), next()]
  first.enter()
  const background = await first.permit(use, 'background')
  second.enter()
  await expect(second.permit(use, 'background')).rejects.toMatchObject({
    status: 429,
    message: expect.stringContaining('1 concurrent responses in the background'),
  })
  // It still counts as one that is read.
  expect(() => next().enter()).toThrow('1 concurrent requests')
  second.leave()
  const third = next()
  third.enter()
  const running = await third.permit(use)
  expect(levelsIn(store, 'a', key)).toMatchObject({ running: 1, background: 1 })
  background.end()
  background.end()
  running.end()
  expect(levelsIn(store, 'a', key)).toMatchObject({ running: 0, background: 0 })
  await next().permit(use, 'background')
})

it.each(['running', 'background'] as const)(
  'a request that has ended before it was admitted keeps no slot: %s',
  async (slot) => {
    const memory = limitsAt()
    const asked = Promise.withResolvers<void>()
    const store = limitsWith(memory, {
      async admit(claim) {
        await asked.promise
        return memory.admit(claim)
      },
    })
    const next = callers(store)
    const first = next()
    first.enter()
    const admitting = first.permit(use, slot)
    first.leave()
    asked.resolve()
    await admitting
    expect(levelsIn(memory, 'a', key)).toMatchObject({ running: 0, background: 0 })
    const second = next()
    second.enter()
    await second.permit(use, slot)
  },
)
