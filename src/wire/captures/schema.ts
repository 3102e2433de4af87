/** What `/v1/captures` takes and answers. */
import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'

const count = z.int().check(z.gte(0))
const name = z.nullable(z.string())

const CaptureSchema = z.looseObject({
  id: z.string(),
  request_id: described(z.string(), 'The `x-request-id` of its response.'),
  time: described(z.string(), 'When the request arrived, in ISO 8601.'),
  api: described(name, 'The path of its route; null where there is none.'),
  model: name,
  engine: described(name, 'The engine that was asked last.'),
  key: described(name, 'The name of the key that was sent.'),
  outcome: described(
    name,
    '`ok`, `refused`, `finished`, `failed` or `cancelled`; null while the request runs.',
  ),
  bytes: described(count, 'Its approximate size in memory, in bytes.'),
  complete: described(
    z.boolean(),
    'Whether the request has ended, and the capture holds all that was sent.',
  ),
})

/** The rule, as the setting `capture` has it. */
const rule = described(
  z.string(),
  'Which requests are captured: `off`, `all`, `key=NAME`, `engine=LABEL` or `next=N`.',
)

export const captureSchemas = {
  requests: {
    CaptureChange: {
      schema: z.looseObject({ capture: rule }),
      description: 'Which requests are captured from now on.',
      fields: { capture: 'The rule, until the setting `capture` changes or sluice is restarted.' },
    },
  },
  answers: {
    CaptureList: z.looseObject({
      object: z.literal('list'),
      rule,
      count,
      bytes: described(count, 'The approximate size of all captures in memory, in bytes.'),
      missed: described(
        count,
        'How many requests were not captured because every capture in memory was of a running request.',
      ),
      data: described(z.array(CaptureSchema), 'The newest first.'),
    }),
    CaptureDeleted: z.looseObject({
      id: z.string(),
      object: z.literal('capture.deleted'),
      deleted: z.literal(true),
    }),
  },
} satisfies ApiSchemas
