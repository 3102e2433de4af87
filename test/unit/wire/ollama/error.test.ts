import { expect, it } from 'vitest'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { ollamaError } from '../../../../src/wire/ollama/error.ts'

it('names the list of models that Ollama’s clients have', () => {
  const message = 'model: no engine serves "x"; use one of the models that GET /v1/models lists.'
  expect(ollamaError(new ApiError(404, message))).toEqual({
    error: 'model: no engine serves "x"; use one of the models that GET /api/tags lists.',
  })
})
