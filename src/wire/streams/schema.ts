/** What `/v1/streams` answers. */
import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'

export const streamSchemas = {
  requests: {},
  answers: {
    Stream: z.looseObject({
      id: z.string(),
      object: z.literal('stream'),
      state: described(
        z.enum(['running', 'finished', 'failed', 'stopped']),
        '`running` until its engine has stopped; then how it ended.',
      ),
    }),
  },
} satisfies ApiSchemas
