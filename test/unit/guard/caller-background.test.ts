import { expect, it } from 'vitest'
import { Caller } from '../../../src/guard/caller.ts'
import { readKey } from '../../../src/settings/keys.ts'
import { type LimitStore, memoryLimits } from '../../../src/state/limit-store.ts'

const hash = `sha256:${'a'.repeat(64)}`

function callers(count: number, store: LimitStore): Caller[] {
  const key = readKey({ name: 'a', hash, maxConcurrency: 1 }, 'key')
  return Array.from({ length: count }, () => new Caller(key, store))
}

async function acquire(...callers: (Caller | undefined)[]): Promise<void> {
  for (const caller of callers) await caller?.acquireSlot()
}

it('a response in the background leaves the slots of its key to other requests', async () => {
  const [first, second, third] = callers(3, memoryLimits())
  await acquire(first)
  await first?.moveToBackground()
  await acquire(second)
  await expect(acquire(third)).rejects.toMatchObject({ status: 429 })
  await expect(second?.moveToBackground()).rejects.toMatchObject({
    status: 429,
    message: expect.stringContaining('1 concurrent responses in the background'),
  })
  // It still has its own slot, and gives that back.
  await expect(acquire(third)).rejects.toMatchObject({ status: 429 })
  second?.releaseSlot()
  await acquire(third)
  first?.releaseSlot()
  first?.releaseSlot()
  await third?.moveToBackground()
})

it('a request that has ended before it could go to the background keeps no slot', async () => {
  const memory = memoryLimits()
  const asked = Promise.withResolvers<void>()
  const store: LimitStore = {
    ...memory,
    async acquire(name, limit) {
      if (name.includes(' ')) await asked.promise
      return memory.acquire(name, limit)
    },
  }
  const [first, second] = callers(2, store)
  await acquire(first)
  const moving = first?.moveToBackground()
  first?.releaseSlot()
  asked.resolve()
  await moving
  await acquire(second)
  await second?.moveToBackground()
})
