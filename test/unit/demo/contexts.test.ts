import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Model } from '../../../demo/api.ts'
import { contextOptions, contextText, ownMemory } from '../../../demo/model-context.ts'
import { memoryForContexts, ownContexts, saveContext } from '../../../demo/own-models.ts'

const saved = new Map<string, string>()

beforeEach(() => {
  saved.clear()
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => saved.get(name) ?? null,
    setItem: (name: string, value: string) => void saved.set(name, value),
  })
  return () => vi.unstubAllGlobals()
})

const entry: Model = {
  id: 'Qwen3-4B-q4f16_1-MLC',
  owned_by: 'web-llm',
  memory_mb: 3_432,
  context_length: 4_096,
  max_context_length: 40_960,
  context_bytes_per_token: 147_456,
}

describe('the choice of a context', () => {
  it('states what each length takes, up to the longest', () => {
    const options = contextOptions(entry)
    expect(options.map(({ tokens }) => tokens)).toEqual([
      2_048, 4_096, 8_192, 16_384, 32_768, 40_960,
    ])
    expect(options[2]?.text).toBe('8,192 tokens, 4.0 GB of memory')
  })

  it('is none where the cost of a token is not known', () => {
    const { context_bytes_per_token: _, ...unknown } = entry
    expect(contextOptions(unknown)).toEqual([])
  })

  it('is kept by model, and taken back', () => {
    saveContext('a', 8_192)
    saveContext('b', 4_096)
    saveContext('a', undefined)
    expect(ownContexts()).toEqual({ b: 4_096 })
    saved.set('sluice.contexts', '{"a":"x","b":-1,"c":3}')
    expect(ownContexts()).toEqual({ c: 3 })
    saved.set('sluice.contexts', 'nonsense')
    expect(ownContexts()).toEqual({})
  })

  it('makes a model no slower', () => {
    expect(ownMemory(entry)).toBe(3_432 - 576)
    expect(ownMemory({ ...entry, context_length: 8_192, memory_mb: 4_008 })).toBe(3_432 - 576)
    expect(ownMemory({ id: 'm', owned_by: 'x' })).toBeUndefined()
  })

  it('is said, and what did not fit', () => {
    expect(contextText(entry)).toBe('context 4,096')
    expect(contextText({ ...entry, context_reduced_from: 16_384 })).toBe(
      'context 4,096, since 16,384 did not fit into the memory',
    )
  })
})

it.each([
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X)', 5, undefined, { memory: 0 }],
  ['Mozilla/5.0 (Linux; Android 16; Pixel 9)', 5, 8, { memory: 0 }],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari', 5, undefined, { memory: 0 }],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari', 0, undefined, {}],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150', 10, 16, { memory: 8_000 }],
])('gives contexts memory by the device: %s', (userAgent, maxTouchPoints, memory, expected) => {
  const device = { userAgent, maxTouchPoints, ...(memory && { deviceMemory: memory }) }
  expect(memoryForContexts(device)).toEqual(expected)
})
