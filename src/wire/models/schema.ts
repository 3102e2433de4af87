import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'

const text = z.string()

const ModelSchema = z.looseObject({
  id: text,
  object: z.literal('model'),
  created: described(z.int(), 'Unix time in seconds.'),
  owned_by: text,
})

export const ModelInfoSchema = z.looseObject({
  type: z.literal('model'),
  id: text,
  display_name: text,
  created_at: described(text, 'RFC 3339; 1970-01-01 where the time is not known.'),
  max_input_tokens: z.nullish(z.int().check(z.gte(0))),
})

export const ModelPageSchema = z.looseObject({
  data: z.array(ModelInfoSchema),
  has_more: z.boolean(),
  first_id: z.nullable(text),
  last_id: z.nullable(text),
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
