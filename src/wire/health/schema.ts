import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'

const count = z.int().check(z.gte(0))

const ProcessSchema = z.looseObject({
  state: z.enum(['stopped', 'waiting', 'starting', 'ready', 'stopping', 'failed']),
  forMs: described(z.optional(count), 'Milliseconds since it entered that state.'),
  pid: z.optional(count),
  failures: described(z.optional(count), 'How often in a row it failed.'),
  lastExit: described(z.optional(z.string()), 'How it ended when it last failed.'),
  waiting: described(count, 'Requests that wait for it to be ready.'),
  output: described(z.array(z.string()), 'The last lines that it wrote.'),
})

const StateSchema = z.looseObject({
  kind: described(z.enum(['memory', 'redis', 'objects']), 'Where it is.'),
  status: described(
    z.enum(['connected', 'away']),
    'Whether the store answers. While it does not, `policy` is in force.',
  ),
  instances: described(count, 'How many instances share it, as far as this one has seen.'),
  policy: z.optional(z.enum(['local', 'open', 'closed'])),
})

const HealthSchema = z.looseObject({
  status: z.enum(['ok', 'degraded', 'unavailable']),
  version: described(z.string(), 'The version of sluice.'),
  draining: described(z.optional(z.boolean()), 'True while the server shuts down, or is about to.'),
  models: described(
    z.optional(
      z.array(
        z.looseObject({ id: z.string(), ready: z.boolean(), loaded: z.optional(z.boolean()) }),
      ),
    ),
    'The models that the caller may use, whether an engine could answer for each now, and whether one has it loaded, where that is known. Only for callers with a key, where the server has keys.',
  ),
  host: described(
    z.optional(z.string()),
    'The runtime. This and the fields below are only for admins.',
  ),
  instance: described(z.optional(z.string()), 'The id of this instance, a new one at each start.'),
  state: described(
    z.optional(StateSchema),
    'What this instance shares with others: limits, stored responses and streams.',
  ),
  waiting: described(z.optional(count), 'Requests that wait for an engine.'),
  engines: z.optional(
    z.array(
      z.looseObject({
        engine: z.string(),
        state: z.enum(['up', 'down', 'open', 'half-open', 'unknown']),
        running: count,
        process: described(
          z.optional(ProcessSchema),
          'The process of a server that sluice starts itself (run).',
        ),
      }),
    ),
  ),
})

/** The answers of `GET /health` and `GET /health/ready`. */
export const healthSchemas = { answers: { Health: HealthSchema } } satisfies ApiSchemas
