import { prebuiltAppConfig } from '@mlc-ai/web-llm'
import { describe, expect, it } from 'vitest'
import { bytesPerToken } from '../../../../src/engines/webllm/context.ts'
import { EMBEDDING_TYPE } from '../../../../src/engines/webllm/mlc-types.ts'
import { SHAPES, shapeOf } from '../../../../src/engines/webllm/model-shapes.ts'
import type { ModelRecord } from '../../../../src/engines/webllm/webllm.ts'

const MIB = 2 ** 20

const generators = (prebuiltAppConfig.model_list as ModelRecord[]).filter(
  ({ model_type }) => model_type !== EMBEDDING_TYPE,
)
const byId = new Map(generators.map((record) => [record.model_id, record]))

/** Models of which the table says nothing, and why. */
const WITHOUT_ROW: readonly (readonly [RegExp, string])[] = [
  [/^(gemma-4-E2B|gemma3-1b)-it/, 'layers with a sliding window and layers without one'],
  [/^Qwen3\.5-/, 'layers with a state of one size beside those with keys and values'],
  [/^(OLMo-2-0425-1B|RedPajama-INCITE-Chat-3B|phi-2|phi-1_5)/, 'made for what web-llm states'],
]

describe('the table of shapes', () => {
  it('has a row for each model of web-llm’s list, or a reason why not', () => {
    const rows = generators.map(({ model_id }) => {
      const reasons = WITHOUT_ROW.filter(([name]) => name.test(model_id))
      return { model_id, known: Number(shapeOf(model_id) !== undefined) + reasons.length }
    })
    expect(rows.filter(({ known }) => known !== 1)).toEqual([])
  })

  it('has no row, and no reason, that no model uses', () => {
    const first = generators.map(({ model_id }) => SHAPES.find(([name]) => name.test(model_id)))
    expect(SHAPES.filter((row) => !first.includes(row))).toEqual([])
    const isUsed = ([name]: readonly [RegExp, string]) =>
      generators.some(({ model_id }) => name.test(model_id))
    expect(WITHOUT_ROW.filter((row) => !isUsed(row))).toEqual([])
  })

  it('has one row alone for each model', () => {
    const several = generators.filter(({ model_id }) => {
      return SHAPES.filter(([name]) => name.test(model_id)).length > 1
    })
    expect(several).toEqual([])
  })

  it('allows no less than web-llm states', () => {
    const short = generators.filter(({ model_id, overrides }) => {
      const longest = shapeOf(model_id)?.longest ?? Number.POSITIVE_INFINITY
      return longest < (overrides?.context_window_size ?? 0)
    })
    expect(short).toEqual([])
  })
})

/** Builds whose memory web-llm states for another length of the context, too. */
const pairs = generators.flatMap((short) => {
  const long = byId.get(short.model_id.replace(/-1k$/, ''))
  return long && long !== short && shapeOf(short.model_id) ? [{ short, long }] : []
})

/** web-llm states the same memory for both lengths, or counts more than the cache. */
const NOT_COMPARABLE = /^(gemma-2b-it|Llama-2-7b-chat-hf)-/

describe('the memory of a token', () => {
  it.each(pairs.filter(({ long }) => !NOT_COMPARABLE.test(long.model_id)))(
    'of $long.model_id is what web-llm states for two lengths',
    ({ short, long }) => {
      const tokens = contextOf(long) - contextOf(short)
      const stated = memoryOf(long) - memoryOf(short)
      const bytes = tokens * (bytesPerToken(long) ?? 0)
      // Those of Llama 3 are counted in millions of bytes.
      const units = /^Llama-3/.test(long.model_id) ? 1e6 : MIB
      expect(bytes / units).toBeCloseTo(stated, 0)
    },
  )

  it('was compared for each build with two lengths but those that can’t be', () => {
    expect(pairs.length).toBeGreaterThan(14)
    const names = pairs.map(({ long }) => long.model_id)
    expect(names.filter((name) => NOT_COMPARABLE.test(name))).toHaveLength(4)
  })

  // A build that computes with 32 bits has a cache twice as large, and the scales of its weights take 0.5 bits
  // more for each weight of 4.5: with one that is too large by a factor there would be nothing left for them.
  it.each(
    generators.flatMap((precise) => {
      const plain = byId.get(precise.model_id.replace('-q4f32_', '-q4f16_'))
      const isText = precise.model_type !== 2 && shapeOf(precise.model_id) !== undefined
      return plain && plain !== precise && isText ? [{ precise, plain }] : []
    }),
  )('of $plain.model_id leaves room for its weights', ({ precise, plain }) => {
    const cache = (contextOf(plain) * (bytesPerToken(plain) ?? 0)) / MIB
    const rest = memoryOf(precise) - memoryOf(plain) - cache
    const share = rest / (memoryOf(plain) - cache)
    expect(share).toBeGreaterThan(0.03)
    expect(share).toBeLessThan(0.22)
  })
})

function contextOf({ overrides }: ModelRecord): number {
  return overrides?.context_window_size ?? 0
}

function memoryOf({ vram_required_MB = 0 }: ModelRecord): number {
  return vram_required_MB
}
