/** Fields of chats and text completions that engines in sluice itself check, and their schemas. */
import * as z from 'zod/mini'
import { type Fields, flag, integer, relied, text } from './fields.ts'

function within(low: number, high: number) {
  const error = `a number from ${low} to ${high}`
  const rule = { error, abort: true }
  return z.number(error).check(z.gte(low, rule), z.lte(high, rule))
}

// Not z.record(), which continues after the first fault and overflows the stack if there are many.
export function everyValue(schema: z.ZodMiniType) {
  return z.catchall(z.object({}), schema)
}

/** Sampling and streaming fields that chats and text completions share. */
export const sampling = {
  ...relied,
  stream_options: () =>
    z.nullish(z.looseObject({ include_usage: flag, include_obfuscation: flag })),
  frequency_penalty: () => z.nullish(within(-2, 2)),
  logit_bias: () => z.nullish(everyValue(within(-100, 100))),
  max_tokens: () => z.nullish(integer(-1)),
  presence_penalty: () => z.nullish(within(-2, 2)),
  // Not z.int(), which ends at 2^53: clients send seeds of 64 bits.
  seed: () =>
    z.nullish(z.number('an integer').check(z.multipleOf(1, { error: 'an integer', abort: true }))),
  // OpenAI accepts four; local servers any number.
  stop: () => z.nullish(z.union([z.string(), z.array(z.string())])),
  temperature: () => z.nullish(within(0, 2)),
  top_p: () => z.nullish(within(0, 1)),
  user: () => text,
} satisfies Fields
