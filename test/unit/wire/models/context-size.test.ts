import { expect, it } from 'vitest'
import { contextSize, withContextSize } from '../../../../src/wire/models/context-size.ts'

const same = (tokens: number) => ({ context_length: tokens, max_input_tokens: tokens })

it.each<[object, object]>([
  [{ max_model_len: 40_960 }, same(40_960)],
  [{ meta: { n_ctx_train: 131_072 } }, same(131_072)],
  [{ meta: { n_ctx: 8192, n_ctx_train: 131_072 } }, same(8192)],
  [{ loaded_context_length: 4096, max_context_length: 131_072 }, same(4096)],
  [{ max_context_length: 131_072 }, same(131_072)],
  [{ context_window: 32_768 }, same(32_768)],
  [{ meta: { llamaswap: { contextLength: 16_384 } } }, same(16_384)],
  // What another sluice says, or the settings, before what a server says beside it.
  [{ context_length: 2048, max_model_len: 4096, loaded_context_length: 4096 }, same(2048)],
  [
    { context_length: 4096, max_input_tokens: 4090 },
    { context_length: 4096, max_input_tokens: 4090 },
  ],
  [{ context_length: 4096, max_input_tokens: 200_000 }, same(4096)],
  [{ max_input_tokens: 200_000 }, { max_input_tokens: 200_000 }],
  [
    { max_completion_tokens: 8192, max_model_len: 9000 },
    { ...same(9000), max_output_tokens: 8192 },
  ],
])('the size of %j is %j', (fields, size) => {
  expect(contextSize(fields as Record<string, unknown>)).toEqual(size)
})

it.each([
  {},
  { max_model_len: null, context_length: 0, meta: null },
  { context_length: -1, max_output_tokens: '4096', max_input_tokens: 1.5 },
  { meta: { n_ctx: 'many', n_ctx_train: Number.POSITIVE_INFINITY } },
])('nothing is made up of %j', (fields) => {
  expect(contextSize(fields)).toEqual({})
})

it('is told under the names that clients read, in place of values that are no sizes', () => {
  const model = { id: 'm', context_length: -1, max_output_tokens: 0, max_model_len: 4096 }
  expect(withContextSize(model)).toEqual({ id: 'm', max_model_len: 4096, ...same(4096) })
})
