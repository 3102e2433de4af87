/** What `/v1/usage` answers: what keys have used, and what is left of their limits. */
import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'

const count = z.number().check(z.gte(0))
const milliseconds = z.number().check(z.gte(0))

/** What is left of a limit by minute. */
export const levelSchema = z.looseObject({
  limit: z.number(),
  remaining: z.number(),
  fullInMs: described(milliseconds, 'Milliseconds until nothing of the limit is used.'),
})

const usedSchema = z.looseObject({
  used: count,
  limit: z.optional(count),
  remaining: described(z.optional(count), 'Where there is a limit.'),
})

const usedTokensSchema = z.looseObject({
  used: described(count, 'Of prompts and answers, what is reserved for those that run included.'),
  answers: described(count, 'Those of answers alone.'),
  limit: z.optional(count),
  remaining: described(z.optional(count), 'Where there is a limit.'),
})

const period = {
  period: described(z.string(), '`2026-11-26`, or `2026-11`; days and months are those of UTC.'),
  requests: usedSchema,
  tokens: usedTokensSchema,
}

/** What does not change where nothing is used: the feed sends it to whoever watches. */
export const periodUseSchema = z.looseObject(period)

const periodUsageSchema = z.looseObject({
  ...period,
  endsInMs: described(milliseconds, 'Milliseconds until the next one begins.'),
})

export const KeyUsageSchema = z.looseObject({
  object: z.literal('usage'),
  key: described(z.string(), 'Its name; empty for all clients together where there are no keys.'),
  since: described(
    z.optional(z.string()),
    'From when on it was counted, where counts are lost with the process: they are in its memory.',
  ),
  minute: described(
    z.looseObject({ requests: z.optional(levelSchema), tokens: z.optional(levelSchema) }),
    'The limits by minute that the key has.',
  ),
  concurrency: described(
    z.optional(
      z.looseObject({
        limit: count,
        running: z.optional(count),
        background: described(z.optional(count), 'Responses in the background; as many may run.'),
      }),
    ),
    'Requests at the same time, where they are limited.',
  ),
  day: periodUsageSchema,
  month: periodUsageSchema,
})

export const KeyUsageListSchema = z.looseObject({
  object: z.literal('list'),
  data: described(z.array(KeyUsageSchema), 'By name; at most 500.'),
})

export type KeyUsage = z.infer<typeof KeyUsageSchema>
export type KeyUsageList = z.infer<typeof KeyUsageListSchema>
export type PeriodUse = z.infer<typeof periodUseSchema>

/** The answers of `/v1/usage`. */
export const keyUsageSchemas = {
  answers: { KeyUsage: KeyUsageSchema, KeyUsageList: KeyUsageListSchema },
} satisfies ApiSchemas
