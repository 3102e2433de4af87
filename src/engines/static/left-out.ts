/** What stands for the static engine in a handler that is composed without it. */
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Engine } from '../engine.ts'
import { STATIC_MODEL } from './model.ts'

/** Has no model. */
export const noStatic: Engine = {
  label: STATIC_MODEL,
  isAbsent: true,
  models: async () => [],
  async chat() {
    const message =
      'model: only the built-in model "static" would answer, which is of the part "builtIn", and this server is composed without that; name one that GET /v1/models lists, or configure an upstream.'
    throw new ApiError(404, message, { code: 'model_not_found', param: 'model' })
  },
}
