import fc from 'fast-check'
import type { Plan } from '../state/upstream.ts'

export interface KeyLimits {
  requestsPerMinute?: number
  tokensPerMinute?: number
  maxConcurrency?: number
}

export type Step =
  | {
      do: 'ask'
      key: number
      path: '/v1/chat/completions' | '/v1/messages' | '/v1/responses'
      stream: boolean
      prompt: number
      maxTokens: number | null
      plan: Plan
    }
  | { do: 'release' | 'leave'; which: number }
  | { do: 'wait'; ms: number }
  | { do: 'reload' }

export interface LimitsInput {
  keys: KeyLimits[]
  steps: Step[]
}

const key: fc.Arbitrary<KeyLimits> = fc.record(
  {
    requestsPerMinute: fc.integer({ min: 1, max: 6 }),
    tokensPerMinute: fc.integer({ min: 5, max: 200 }),
    maxConcurrency: fc.integer({ min: 1, max: 3 }),
  },
  { requiredKeys: [] },
)

const count = fc.oneof(
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.constantFrom<unknown>(0, -1, 0.5, 1e15, 1e308, '7', 'lots', null, true, [], {}, [5]),
)
const usage: fc.Arbitrary<Plan['usage']> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('honest' as const, 'none' as const) },
  {
    weight: 1,
    arbitrary: fc.record(
      { prompt_tokens: count, completion_tokens: count, total_tokens: count },
      { requiredKeys: [] },
    ),
  },
)
const plan: fc.Arbitrary<Plan> = fc.record({
  words: fc.oneof(fc.nat(8), fc.nat(60)),
  usage,
  ending: fc.oneof(
    { weight: 5, arbitrary: fc.constant('finish' as const) },
    { weight: 2, arbitrary: fc.constantFrom('break' as const, 'error' as const, 400, 500, 429) },
  ),
  isHeld: fc.boolean(),
})

const ask = fc.record({
  do: fc.constant('ask' as const),
  key: fc.nat(2),
  path: fc.constantFrom<'/v1/chat/completions' | '/v1/messages' | '/v1/responses'>(
    '/v1/chat/completions',
    '/v1/messages',
    '/v1/responses',
  ),
  stream: fc.boolean(),
  prompt: fc.oneof(fc.nat(40), fc.nat(1_200)),
  maxTokens: fc.option(fc.integer({ min: 16, max: 32_000 }), { nil: null }),
  plan,
})
const which = fc.nat(30)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: ask },
  { weight: 2, arbitrary: which.map((each) => ({ do: 'release' as const, which: each })) },
  { weight: 1, arbitrary: which.map((each) => ({ do: 'leave' as const, which: each })) },
  { weight: 2, arbitrary: fc.nat(30_000).map((ms) => ({ do: 'wait' as const, ms })) },
  { weight: 1, arbitrary: fc.constant({ do: 'reload' as const }) },
)

export const limitsInput: fc.Arbitrary<LimitsInput> = fc.record({
  keys: fc.array(key, { minLength: 1, maxLength: 3 }),
  steps: fc.array(step, { minLength: 1, maxLength: 16 }),
})
