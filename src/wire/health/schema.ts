import * as z from 'zod'
import type { ApiSchemas } from '../validation/describe.ts'

const count = z.int().min(0)

const HealthSchema = z.looseObject({
  status: z.enum(['ok', 'degraded', 'unavailable']),
  version: z.string().describe('The version of sluice.'),
  draining: z.boolean().optional().describe('True while the server shuts down.'),
  host: z
    .string()
    .optional()
    .describe('The runtime. This and the fields below are only for callers with access.'),
  waiting: count.optional().describe('Requests that wait for an engine.'),
  engines: z
    .array(
      z.looseObject({
        engine: z.string(),
        state: z.enum(['up', 'down', 'open', 'half-open', 'unknown']),
        running: count,
      }),
    )
    .optional(),
})

/** The answers of `GET /health` and `GET /health/ready`. */
export const healthSchemas = { answers: { Health: HealthSchema } } satisfies ApiSchemas
