import { expect, it } from 'vitest'
import { passedUsage } from '../../../../src/wire/pass-through/usage.ts'

it.each([
  [{ usage: { prompt_tokens: 5, total_tokens: 5 } }, [5, 0, 5]],
  [{ usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 9 } }, [5, 2, 9]],
  [{ usage: { input_tokens: 5, output_tokens: 2 } }, [5, 2, 7]],
  [{ usage: { total_tokens: 5 } }, [5, 0, 5]],
  [{ tokens_evaluated: 5, tokens_predicted: 2, stop: true }, [5, 2, 7]],
  [{ tokens_evaluated: 5, tokens_predicted: 2, stop: false }, undefined],
  [{ usage: { type: 'duration', seconds: 9 } }, undefined],
  [{ usage: { prompt_tokens: -1, total_tokens: 5 } }, undefined],
  [{ usage: { prompt_tokens: 'lots' } }, undefined],
  [{ usage: null }, undefined],
  [[], undefined],
  [{}, undefined],
])('the counts of %j', (answer, expected) => {
  const usage = passedUsage(answer)
  const counts = usage && [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]
  expect(counts).toEqual(expected)
})
