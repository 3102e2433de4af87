import { describe, expect, it } from 'vitest'
import { promptsOf, requireText } from '../../../../src/wire/completions/request.ts'
import type { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { inputsOf } from '../../../../src/wire/validation/inputs.ts'

describe('a request', () => {
  it.each([
    { prompt: 'a' },
    { prompt: '' },
    { prompt: null },
    { prompt: ['a', ''] },
    { prompt: [1, 2] },
    { prompt: [[1], [2, 3]] },
    { prompt: ['a', [1]] },
    { prompt: 'a', n: 2, best_of: 2, logprobs: 20, max_tokens: -1, seed: 2 ** 60, own: {} },
    { prompt: 'a', n: null, best_of: null, echo: null, suffix: null, stop: null, user: null },
  ])('is taken as it is: %j', (body) => {
    const copy = structuredClone(body)
    expect(requireText(body)).toBe(body)
    expect(body).toEqual(copy)
  })

  it.each<[string | null, unknown]>([
    [null, null],
    [null, []],
    ['prompt', {}],
    ['prompt', { prompt: 1 }],
    ['prompt', { prompt: {} }],
    ['prompt', { prompt: [] }],
    ['prompt[0]', { prompt: [null] }],
    ['prompt[0]', { prompt: [-1] }],
    ['prompt[0]', { prompt: [1.5] }],
    ['prompt[1]', { prompt: ['a', 1] }],
    ['prompt[2]', { prompt: [1, 2, 'a'] }],
    ['prompt[1]', { prompt: [[1], []] }],
    ['prompt[0][0]', { prompt: [['a']] }],
    ['best_of', { prompt: 'a', best_of: 0 }],
    ['best_of', { prompt: 'a', n: 3, best_of: 2 }],
    ['model', { prompt: 'a', model: 1 }],
    ['stream', { prompt: 'a', stream: 'yes' }],
    ['user', { prompt: 'a', user: {} }],
  ])('is refused by its field, %s: %j', (param, body) => {
    let error: ApiError | undefined
    try {
      requireText(body as never)
    } catch (thrown) {
      error = thrown as ApiError
    }
    expect(error).toMatchObject({ status: 400, param, code: 'invalid_value' })
  })
})

describe('prompts', () => {
  it.each([
    [null, ['']],
    ['a', ['a']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[1, 2], [[1, 2]]],
    [
      [[1], [2]],
      [[1], [2]],
    ],
  ])('of %j', (prompt, prompts) => {
    expect(promptsOf({ prompt })).toEqual(prompts)
    if (prompt !== null) expect(inputsOf(prompt)).toEqual(prompts)
  })
})
