import * as z from 'zod'
import type { ApiSchemas } from '../validation/describe.ts'

export const ErrorSchema = z
  .looseObject({
    error: z.looseObject({
      message: z.string().describe('The field or component, what was expected, and what to do.'),
      type: z.string().describe('`invalid_request_error`, `rate_limit_error`, `server_error`, …'),
      param: z.string().nullable().describe('The wrong field, as a path: `messages[0].role`.'),
      code: z.string().nullable().describe('A stable code for programs: `model_not_found`, …'),
    }),
  })
  .describe('An error in the shape of OpenAI’s API.')

export const errorSchemas = { answers: { Error: ErrorSchema } } satisfies ApiSchemas
