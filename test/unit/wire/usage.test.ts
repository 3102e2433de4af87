import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Usage } from '../../../src/wire/chat/answer.ts'
import {
  countsOf,
  isTokenCount,
  plausibleUse,
  repairMessageUsage,
  repairResponseUsage,
  repairUsage,
} from '../../../src/wire/usage.ts'

const bad = [-1, 0.5, 1e15, Number.POSITIVE_INFINITY, Number.NaN, 'lots', '7', true, [], {}]

it.each(bad.map((value) => [value]))('%j counts no tokens', (value) => {
  expect(isTokenCount(value)).toBe(false)
})

it('a whole number does', () => {
  for (const value of [0, 1, 1_000_000]) expect(isTokenCount(value)).toBe(true)
})

describe('the usage of a chat', () => {
  const right = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }

  it.each([
    right,
    { prompt_tokens: 3, total_tokens: 3 },
    { total_tokens: 9 },
    { ...right, prompt_tokens_details: { cached_tokens: 1 }, completion_tokens_details: null },
    { ...right, cost: 0.25, note: 'a server’s own' },
    {
      ...right,
      prompt_tokens_details: { cache_type: 'ephemeral', cache_creation: { a: 1 }, list: ['x'] },
      completion_tokens_details: { acceptance_rate: 0.61 },
    },
    { ...right, prompt_tokens_details: [{ cached_tokens: 1 }], completion_tokens_details: 'none' },
    null,
    undefined,
  ])('stays: %j', (usage) => {
    const holder = { usage: structuredClone(usage) }
    expect(repairUsage(holder)).toBe(false)
    expect(holder.usage).toEqual(usage)
  })

  it.each(bad.map((value) => [value]))('%j as a total becomes the sum', (total_tokens) => {
    const holder = { usage: { ...right, total_tokens } }
    expect(repairUsage(holder)).toBe(true)
    expect(holder.usage).toEqual(right)
  })

  it.each(bad.map((value) => [value]))('%j as another count is no usage', (wrong) => {
    for (const name of ['prompt_tokens', 'completion_tokens']) {
      const holder = { usage: { ...right, [name]: wrong } }
      expect(repairUsage(holder)).toBe(true)
      expect(holder).toEqual({})
    }
    const alone = { usage: { total_tokens: wrong } }
    expect(repairUsage(alone)).toBe(true)
    expect(alone).toEqual({})
  })

  it.each(bad.map((value) => [value]))('%j as a detail is removed', (wrong) => {
    const usage = { ...right, prompt_tokens_details: { cached_tokens: wrong, audio_tokens: 2 } }
    const holder = { usage }
    expect(repairUsage(holder)).toBe(true)
    expect(holder.usage).toEqual({ ...right, prompt_tokens_details: { audio_tokens: 2 } })
  })

  it.each(['lots', 7, true, []])('%j is none', (usage) => {
    const holder = { usage }
    expect(repairUsage(holder)).toBe(true)
    expect(holder).toEqual({})
  })
})

it('the usage of a response becomes null where it is wrong', () => {
  const right = { input_tokens: 1, output_tokens: 2, total_tokens: 3 }
  const response = { usage: { ...right, output_tokens: -2 } as unknown }
  expect(repairResponseUsage(response)).toBe(true)
  expect(response.usage).toBeNull()
  const other = {
    usage: { ...right, total_tokens: 'x', input_tokens_details: { cached_tokens: -1 } },
  }
  expect(repairResponseUsage(other)).toBe(true)
  expect(other.usage).toEqual({ ...right, input_tokens_details: {} })
})

it('an unknown count of a message is 0, and other fields stay', () => {
  const usage = {
    input_tokens: 'x',
    output_tokens: 2,
    cache_read_input_tokens: -1,
    service_tier: 's',
  }
  const message = { usage: { ...usage, cache_creation: { ephemeral_5m_input_tokens: 1e15 } } }
  expect(repairMessageUsage(message)).toBe(true)
  expect(message.usage).toEqual({
    input_tokens: 0,
    output_tokens: 2,
    service_tier: 's',
    cache_creation: {},
  })
})

describe('a use is plausible', () => {
  const bounds = { promptMost: 1_000, hasPrompt: true, answerLeast: 3, answerMost: 2_000_000 }
  const usage = (prompt: number, answer: number, total = prompt + answer): Usage => {
    return { prompt_tokens: prompt, completion_tokens: answer, total_tokens: total }
  }

  const estimate = () => ({ total: 107, answer: 7 })
  const judge = (counted: Usage) => plausibleUse(counted, bounds, estimate)

  it.each<[string, Usage, number]>([
    ['as the sum', usage(10, 20), 30],
    ['as the sum, whatever the total says', usage(10, 20, 0), 30],
    ['as a total with thinking', usage(10, 20, 90), 90],
    ['up to all that is possible', usage(1_000, 2_000_000), 2_001_000],
  ])('%s', (_title, counted, total) => {
    expect(judge(counted)).toMatchObject({ total, isPlausible: true })
  })

  it.each<[string, Usage, number]>([
    ['of no prompt', usage(0, 20), 120],
    ['of fewer tokens than came', usage(10, 2), 107],
    ['of fewer tokens than came, after a long prompt', usage(500, 2), 507],
    ['of a text', usage(10, 'lots' as never, 0), 107],
    ['of less than nothing', usage(10, -20, 0), 107],
    ['of a total alone', { total_tokens: 9 } as Usage, 107],
    ['of a larger total alone', { total_tokens: 900 } as Usage, 907],
  ])('not %s, where at least the estimate counts', (_title, counted, total) => {
    expect(judge(counted)).toMatchObject({ total, isPlausible: false })
  })

  it.each<[string, Usage, number]>([
    ['of a prompt that is longer than its bytes', usage(60_000, 20), 1_020],
    ['of such a prompt without a total', { ...usage(60_000, 20), total_tokens: 0 }, 1_020],
    ['of an answer that was not generated', usage(10, 3e6, 0), 2_000_010],
    ['of a total that nothing explains', usage(10, 20, 3e6), 2_000_010],
  ])('not %s, of which the possible part counts', (_title, counted, total) => {
    expect(judge(counted)).toMatchObject({ total, isPlausible: false })
  })

  it('or is a finite number within the bounds, whatever is reported', () => {
    const any = fc.oneof(fc.anything(), fc.double(), fc.integer(), fc.constant(1e15))
    fc.assert(
      fc.property(any, any, any, (prompt_tokens, completion_tokens, total_tokens) => {
        const counted = countsOf({ prompt_tokens, completion_tokens, total_tokens } as Usage)
        const used = counted && judge(counted)
        if (used === undefined) return
        expect(used.total).toBeGreaterThanOrEqual(bounds.answerLeast)
        expect(used.total).toBeLessThanOrEqual(1_000 + 2_000_000)
      }),
    )
  })
})
