/** What stands for the static engine in a handler that is composed without it. */
import { ApiError } from '../../wire/errors/api-error.ts'
import type { Engine } from '../engine.ts'
import { STATIC_MODEL } from './model.ts'

/** Has no model. */
export const noStatic: Engine = {
  label: STATIC_MODEL,
  models: async () => [],
  async chat() {
    const message =
      'model: "static" is of the part "builtIn", which this server is composed without; name one that GET /v1/models lists.'
    throw new ApiError(404, message, { code: 'model_not_found', param: 'model' })
  },
}
