import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'

export const ErrorSchema = described(
  z.looseObject({
    error: z.looseObject({
      message: described(z.string(), 'The field or component, what was expected, and what to do.'),
      type: described(z.string(), '`invalid_request_error`, `rate_limit_error`, `server_error`, …'),
      param: described(z.nullable(z.string()), 'The wrong field, as a path: `messages[0].role`.'),
      code: described(z.nullable(z.string()), 'A stable code for programs: `model_not_found`, …'),
    }),
  }),
  'An error in the shape of OpenAI’s API.',
)

export const errorSchemas = { answers: { Error: ErrorSchema } } satisfies ApiSchemas
