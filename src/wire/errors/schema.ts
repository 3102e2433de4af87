import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'

export const ErrorSchema = described(
  z.looseObject({
    error: z.looseObject({
      message: described(z.string(), 'The field or component, what was expected, and what to do.'),
      type: described(z.string(), '`invalid_request_error`, `rate_limit_error`, `server_error`, …'),
      param: described(z.nullable(z.string()), 'The wrong field, as a path: `messages[0].role`.'),
      code: described(z.nullable(z.string()), 'A stable code for programs: `model_not_found`, …'),
      doc_url: described(
        z.optional(z.string()),
        'The address of what is said about this code; absent for codes of a model server.',
      ),
    }),
  }),
  'An error in the shape of OpenAI’s API.',
)

export const errorSchemas = { answers: { Error: ErrorSchema } } satisfies ApiSchemas
