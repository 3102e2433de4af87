import { expect, it } from 'vitest'
import { EngineErrors } from '../../../../src/wire/errors/engine-errors.ts'
import { type ReportedError, readError } from '../../../../src/wire/errors/reported-error.ts'

const tooLong = {
  error: {
    ...{ code: 400, message: 'too long', type: 'exceed_context_size_error' },
    ...{ n_prompt_tokens: 5000, n_ctx: 4096, n_text: '4096', n_far: Number.NaN, secret: 1 },
  },
}

it('keeps what a server counted, and no other fields', () => {
  expect(readError(tooLong)).toEqual({
    ...{ message: 'too long', type: 'exceed_context_size_error' },
    details: { n_prompt_tokens: 5000, n_ctx: 4096 },
  })
})

it('tells it in the frame of a stream that fails', () => {
  const failed = new EngineErrors({ label: 'gpu' }).failed(readError(tooLong) as ReportedError)
  expect(JSON.parse(JSON.stringify(failed))).toEqual({
    error: {
      message: 'gpu failed while answering: too long',
      ...{ type: 'exceed_context_size_error', param: null, code: 'upstream_error' },
      ...{ n_prompt_tokens: 5000, n_ctx: 4096 },
    },
  })
})
