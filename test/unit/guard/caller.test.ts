import { describe, expect, it } from 'vitest'
import { Caller, formatReset } from '../../../src/guard/caller.ts'
import { estimateTokens } from '../../../src/guard/size.ts'
import { readKey } from '../../../src/settings/keys.ts'
import { memoryLimits } from '../../../src/state/limit-store.ts'
import { ApiError } from '../../../src/wire/errors/api-error.ts'

const hash = `sha256:${'a'.repeat(64)}`

it.each([
  [0, '0ms'],
  [0.2, '1ms'],
  [999, '999ms'],
  [1_000, '1s'],
  [59_001, '1m0s'],
  [360_000, '6m0s'],
])('%d ms are told as %s', (milliseconds, text) => {
  expect(formatReset(milliseconds)).toBe(text)
})

describe('the tokens of a prompt', () => {
  it('are guessed from all of its text, and from no image', () => {
    const text = { type: 'text', text: 'x'.repeat(40) }
    const image = {
      type: 'image_url',
      image_url: { url: `data:image/png;base64,${'A'.repeat(9e4)}` },
    }
    const guess = estimateTokens([{ role: 'user', content: [text, image] }])
    expect(guess).toBeGreaterThanOrEqual(10)
    expect(guess).toBeLessThan(20)
    expect(estimateTokens([1, 2, 3])).toBe(3)
  })
})

it('counts a request before it is parsed, and gives its place back once', async () => {
  const store = memoryLimits(() => 0)
  const key = readKey({ name: 'a', hash, tokensPerMinute: 100, maxConcurrency: 1 }, 'key')
  const [first, second] = [new Caller(key, store), new Caller(key, store)]
  const use = { tokens: () => 10 }
  await first.acquireSlot()
  const refused = await second.acquireSlot().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ApiError)
  expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
  second.releaseSlot()
  await expect(second.acquireSlot()).rejects.toMatchObject({ status: 429 })
  const permit = await first.permit(use)
  expect(store.take('a tokens', 0, 100)).toMatchObject({ remaining: 90 })
  permit.end(25)
  first.releaseSlot()
  expect(store.take('a tokens', 0, 100)).toMatchObject({ remaining: 75 })
  await second.acquireSlot()
  await expect(first.acquireSlot()).rejects.toMatchObject({ status: 429 })
  ;(await second.permit(use)).end(undefined)
  await first.acquireSlot()
  expect(store.take('a tokens', 0, 100)).toMatchObject({ remaining: 75 })
})

it('knows what Ollama adds to a name', () => {
  const key = readKey({ name: 'a', hash, models: ['llama3.2', 'qwen*:8b'] }, 'key')
  const caller = new Caller(key, memoryLimits())
  const names = ['llama3.2', 'llama3.2:latest', 'llama3.2:1b', 'qwen3:8b', 'qwen3:80b']
  expect(names.filter((name) => caller.mayUseModel?.(name))).toEqual([
    'llama3.2',
    'llama3.2:latest',
    'qwen3:8b',
  ])
})
