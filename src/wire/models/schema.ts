import * as z from 'zod'
import type { ApiSchemas } from '../validation/describe.ts'

const text = z.string()

export const ModelSchema = z.looseObject({
  id: text,
  object: z.literal('model'),
  created: z.int().describe('Unix time in seconds.'),
  owned_by: text,
})

export const ModelInfoSchema = z.looseObject({
  type: z.literal('model'),
  id: text,
  display_name: text,
  created_at: text.describe('RFC 3339; 1970-01-01 where the time is not known.'),
  max_input_tokens: z.int().min(0).nullish(),
})

export const ModelPageSchema = z.looseObject({
  data: z.array(ModelInfoSchema),
  has_more: z.boolean(),
  first_id: text.nullable(),
  last_id: text.nullable(),
})

/** The list of models, in the shape of OpenAI's API and in that of Anthropic's. */
export const modelSchemas = {
  answers: {
    Model: ModelSchema,
    ModelList: z.looseObject({ object: z.literal('list'), data: z.array(ModelSchema) }),
    ModelInfo: ModelInfoSchema,
    ModelPage: ModelPageSchema,
  },
} satisfies ApiSchemas
