import { prebuiltAppConfig } from '@mlc-ai/web-llm'
import { describe, expect, it } from 'vitest'
import {
  bytesPerToken,
  type ContextLimits,
  contextFor,
  longestContext,
  memoryWith,
} from '../../../../src/engines/webllm/context.ts'
import { Contexts } from '../../../../src/engines/webllm/contexts.ts'
import { shapeOf } from '../../../../src/engines/webllm/model-shapes.ts'
import type { ModelRecord } from '../../../../src/engines/webllm/webllm.ts'

const prebuilt = prebuiltAppConfig.model_list as ModelRecord[]
const large: ContextLimits = { maxStorageBufferBindingSize: 2 ** 30 }

function model(id: string): ModelRecord {
  const found = prebuilt.find(({ model_id }) => model_id === id)
  if (found === undefined) throw new Error(`web-llm has no ${id}`)
  return found
}

const qwen = model('Qwen3-4B-q4f16_1-MLC')
const llama = model('Llama-3.2-1B-Instruct-q4f32_1-MLC')

describe('the memory of a context', () => {
  it('is what web-llm states for builds that differ in their context alone', () => {
    for (const [id, length] of [
      ['Phi-3.5-mini-instruct-q4f16_1-MLC', 1_024],
      ['gemma-2-2b-it-q4f16_1-MLC', 1_024],
      ['TinyLlama-1.1B-Chat-v1.0-q4f16_1-MLC', 1_024],
      ['TinyLlama-1.1B-Chat-v1.0-q4f32_1-MLC', 1_024],
      ['stablelm-2-zephyr-1_6b-q4f16_1-MLC', 1_024],
    ] as const) {
      const shorter = model(`${id}-1k`)
      expect(memoryWith(model(id), length), id).toBeCloseTo(shorter.vram_required_MB ?? 0, 0)
    }
  })

  it('is keys and values of all layers, in the precision of the build', () => {
    expect(bytesPerToken(qwen)).toBe(36 * 8 * 128 * 2 * 2)
    expect(bytesPerToken(llama)).toBe(16 * 8 * 64 * 2 * 4)
    expect(memoryWith(qwen, 4_096)).toBe(qwen.vram_required_MB)
    expect(memoryWith(qwen, 8_192)).toBe((qwen.vram_required_MB ?? 0) + 576)
  })

  it('is known of every model that may get a longer context, and of no other', () => {
    for (const record of prebuilt) {
      const chosen = contextFor(record, { ...large, memory: 1e6 })
      const stated = record.overrides?.context_window_size
      const longest = shapeOf(record.model_id)?.longest
      if (chosen !== stated) expect(chosen, record.model_id).toBeLessThanOrEqual(longest ?? 0)
      if (longest !== undefined) expect(longest % 1_024).toBe(0)
    }
  })
})

describe('the context of a model', () => {
  it('is as long as the memory allows, up to 32,768', () => {
    const lengths = [3_500, 4_100, 5_200, 6_000, 100_000].map((memory) =>
      contextFor(qwen, { ...large, memory }),
    )
    expect(lengths).toEqual([4_096, 8_192, 16_384, 16_384, 32_768])
  })

  it('takes little more than web-llm states where the memory is not known', () => {
    expect(contextFor(qwen, large)).toBe(8_192)
    expect(contextFor(llama, large)).toBe(16_384)
  })

  it('fits into the buffers of a GPU', () => {
    const small = { maxStorageBufferBindingSize: 2 ** 27, memory: 100_000 }
    expect(longestContext(qwen, small)).toBe(32_768)
    const precise = model('Qwen3-4B-q4f32_1-MLC')
    expect(longestContext(precise, small)).toBe(16_384)
    expect(contextFor(precise, small)).toBe(16_384)
  })

  it('is never longer than what the model was made for', () => {
    const limits = { ...large, memory: 1e6 }
    expect(contextFor(model('SmolLM2-360M-Instruct-q4f16_1-MLC'), limits)).toBe(8_192)
    expect(contextFor(model('gemma-2-2b-it-q4f16_1-MLC'), limits)).toBe(4_096)
    expect(contextFor(model('gemma-2-2b-it-q4f16_1-MLC'), limits, 100_000)).toBe(4_096)
    expect(contextFor(qwen, limits, 1_000_000)).toBe(40_960)
  })

  it('is the user’s, by name before pattern, within the memory', () => {
    const setting = { 'Qwen3-*': 20_000, [qwen.model_id]: 10_000 }
    expect(contextFor(qwen, large, setting)).toBe(10_000)
    expect(contextFor(model('Qwen3-8B-q4f16_1-MLC'), large, setting)).toBe(20_000)
    expect(contextFor(llama, large, setting)).toBe(16_384)
    expect(contextFor(qwen, large, 2_048)).toBe(2_048)
    const maxMemory = (qwen.vram_required_MB ?? 0) + 576
    expect(contextFor(qwen, { ...large, maxMemory }, 32_768)).toBe(8_192)
    // What a device is thought to have limits a default alone.
    expect(contextFor(qwen, { ...large, memory: 0 }, 32_768)).toBe(32_768)
  })

  it('is left alone where web-llm’s configuration has a sliding window', () => {
    const sliding = { ...llama, overrides: { sliding_window_size: 4_096, attention_sink_size: 4 } }
    expect(contextFor(sliding, large, 8_192)).toBeUndefined()
    expect(new Contexts(large, 8_192).loadOptions(sliding)).toBeUndefined()
  })

  it('is the user’s for a model whose shape is not known', () => {
    const own = { ...llama, model_id: 'mine', overrides: { context_window_size: 2_048 } }
    expect(contextFor(own, large)).toBe(2_048)
    expect(contextFor(own, large, 8_192)).toBe(8_192)
  })
})

it('is shown with what each token costs, and what did not fit', () => {
  const contexts = new Contexts(large)
  expect(contexts.loadOptions(qwen)).toEqual({
    context_window_size: 8_192,
    sliding_window_size: -1,
  })
  expect(contexts.describe(qwen)).toEqual({
    memory_mb: 4_008,
    context_length: 8_192,
    max_context_length: 40_960,
    context_bytes_per_token: 147_456,
  })
  expect(contexts.reduce(qwen)).toBe(true)
  expect(contexts.loadOptions(qwen)).toBeUndefined()
  expect(contexts.describe(qwen)).toMatchObject({
    context_length: 4_096,
    context_reduced_from: 8_192,
    memory_mb: 3_432,
  })
  expect(contexts.reduce(qwen)).toBe(false)
})
