/**
 * What `/v1/activity` answers: requests while they happen, the engines and the keys. As events, a
 * `snapshot` comes first, then `changes`.
 */
import * as z from 'zod/mini'
import { levelSchema, periodUseSchema } from '../key-usage/schema.ts'
import { type ApiSchemas, type DescribedEvent, described } from '../validation/describe.ts'

const count = z.int().check(z.gte(0))
const milliseconds = z.number().check(z.gte(0))
const text = z.optional(z.string())

/** Where a request is. */
const STATES = [
  'reading',
  'queued',
  'loading',
  'prefill',
  'streaming',
  'blocked',
  'stalled',
  'ended',
] as const

export const ActivitySchema = z.looseObject({
  id: described(z.string(), 'The `x-request-id` of its response.'),
  arrived: described(z.number(), 'When it arrived, in milliseconds since 1970.'),
  method: z.string(),
  path: z.string(),
  api: described(z.nullable(z.string()), 'The path of its route; null where there is none.'),
  state: described(
    z.enum(STATES),
    '`reading` its body, `queued` for an engine, `loading` a model, `prefill` until the first token, `streaming`, `blocked` by a client that does not read, `stalled` without a token for 5 seconds, or `ended`.',
  ),
  place: described(z.optional(count), 'Its place in the queue; 1 is the next one.'),
  progress: described(text, 'What the engine does before it can answer: `loading qwen3 40 %`.'),
  model: text,
  engine: text,
  key: described(text, 'The name of the key that was sent.'),
  client: described(text, 'Its `User-Agent`.'),
  session: described(text, 'The session that its headers name.'),
  streamed: z.boolean(),
  tokens: count,
  tokensReported: described(
    z.boolean(),
    'Whether the engine has reported the number of tokens; until then it is counted by chunks.',
  ),
  promptTokens: z.optional(count),
  rate: described(z.optional(z.number()), 'Tokens in the last second.'),
  durationMs: milliseconds,
  queuedMs: z.optional(milliseconds),
  firstTokenMs: z.optional(milliseconds),
  longestGapMs: z.optional(milliseconds),
  gaps: described(
    z.optional(z.array(milliseconds)),
    'The last pauses between tokens, the newest last; in `changes` only the new ones.',
  ),
  stalls: z.optional(count),
  heartbeats: z.optional(count),
  blockedMs: described(z.optional(milliseconds), 'How long the client had unread data.'),
  attempts: z.optional(count),
  failures: described(z.optional(z.array(z.string())), 'How the attempts before the last failed.'),
  affinity: text,
  stream: described(text, 'The id of a stream that can be resumed: `GET /v1/streams/{id}`.'),
  unread: described(z.optional(z.boolean()), 'Whether nobody reads that stream now.'),
  status: z.optional(count),
  outcome: described(
    text,
    '`ok`, `refused`, `finished`, `failed` or `cancelled`, once it has ended.',
  ),
  code: described(text, 'The code of its error.'),
  message: described(text, 'The message of its error.'),
  repairs: described(z.optional(z.array(z.string())), 'What was repaired in the answer so far.'),
  capture: described(text, 'The id of its capture, for admins.'),
})

export const KeyActivitySchema = z.looseObject({
  name: z.string(),
  running: z.optional(count),
  maxConcurrency: z.optional(count),
  requests: described(z.optional(levelSchema), 'Requests per minute, where they are limited.'),
  tokens: described(z.optional(levelSchema), 'Tokens per minute, where they are limited.'),
  day: described(z.optional(periodUseSchema), 'What was used today (UTC).'),
  month: described(z.optional(periodUseSchema), 'What was used this month (UTC).'),
})

export const EngineActivitySchema = z.looseObject({
  label: z.string(),
  kind: text,
  state: z.enum(['up', 'down', 'open', 'half-open', 'unknown']),
  breaker: z.enum(['closed', 'open', 'half-open']),
  running: count,
  maxConcurrency: z.optional(count),
  models: z.array(z.string()),
  loaded: z.array(z.string()),
  error: text,
  process: described(
    z.optional(
      z.looseObject({
        state: z.enum(['stopped', 'waiting', 'starting', 'ready', 'stopping', 'failed']),
        failures: z.optional(count),
        lastExit: text,
        waiting: count,
      }),
    ),
    'The process of a server that sluice starts itself; its output is in `GET /health`.',
  ),
  recent: described(
    z.array(
      z.looseObject({
        model: z.string(),
        requests: count,
        firstTokenMs: z.optional(milliseconds),
        rate: z.optional(z.number()),
      }),
    ),
    'Of the last requests of each model: the median time to the first token, and the tokens per second.',
  ),
})

const shared = {
  engines: described(z.optional(z.array(EngineActivitySchema)), 'For admins.'),
  queue: described(
    z.optional(z.looseObject({ waiting: count, limit: count })),
    'For admins: requests that wait for an engine, and how many may.',
  ),
  captures: described(
    z.optional(z.looseObject({ rule: z.string(), count, bytes: count })),
    'For admins: what is captured, and what there is of it.',
  ),
}

export const ActivityListSchema = z.looseObject({
  object: z.literal('activity'),
  time: described(z.number(), 'Milliseconds since 1970.'),
  isAdmin: described(z.boolean(), 'Whether the caller sees everything, or its own requests only.'),
  instance: described(z.string(), 'The id of the sluice that answers.'),
  requests: z.array(ActivitySchema),
  keys: described(z.array(KeyActivitySchema), 'Every key for admins, else the one of the caller.'),
  ...shared,
})

/** What follows a snapshot in an event stream: only what has changed. */
export const ActivityChangesSchema = z.looseObject({
  time: z.number(),
  requests: z.array(ActivitySchema),
  removed: described(
    z.optional(z.array(z.string())),
    'The ids of requests that are no longer stored.',
  ),
  keys: z.optional(z.array(KeyActivitySchema)),
  ...shared,
})

export type Activity = z.infer<typeof ActivitySchema>
export type ActivityState = (typeof STATES)[number]
export type ActivityList = z.infer<typeof ActivityListSchema>
export type ActivityChanges = z.infer<typeof ActivityChangesSchema>
export type EngineActivity = z.infer<typeof EngineActivitySchema>
export type KeyActivity = z.infer<typeof KeyActivitySchema>

/** What a watcher of one request gets of its bytes. */
export const ActivityBytesSchema = z.looseObject({
  at: described(milliseconds, 'Milliseconds since the request arrived.'),
  text: z.string(),
})

const ActivityLostSchema = z.looseObject({
  count: described(count, 'How many events this reader lost because it read too slowly.'),
})

const ActivityEndSchema = z.looseObject({})

export type ActivityBytes = z.infer<typeof ActivityBytesSchema>

/** The answers of `/v1/activity` and what is below it. */
export const activitySchemas = {
  answers: {
    Activity: ActivitySchema,
    ActivityList: ActivityListSchema,
    ActivityChanges: ActivityChangesSchema,
    ActivityBytes: ActivityBytesSchema,
    ActivityLost: ActivityLostSchema,
    ActivityEnd: ActivityEndSchema,
  },
} satisfies ApiSchemas

export const activityListEvents: DescribedEvent[] = [
  { event: 'snapshot', data: ActivityListSchema, description: 'Everything, once at the start.' },
  {
    event: 'changes',
    data: ActivityChangesSchema,
    description:
      'What has changed since the event before, at most four times a second. Requests are whole records, to be replaced by their id.',
  },
]

export const activityEvents: DescribedEvent[] = [
  {
    event: 'activity',
    data: ActivitySchema,
    description: 'The request, at the start and whenever it has changed.',
  },
  { event: 'sent', data: ActivityBytesSchema, description: 'What was sent to the client.' },
  { event: 'received', data: ActivityBytesSchema, description: 'What came from the engine.' },
  {
    event: 'lost',
    data: ActivityLostSchema,
    description: 'Events were left out here, because this reader read too slowly.',
  },
  { event: 'end', data: ActivityEndSchema, description: 'The request has ended; nothing follows.' },
]
