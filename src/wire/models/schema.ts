import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'

const text = z.string()

const tokens = (what: string) => described(z.optional(z.int().check(z.gte(1))), what)

const ModelSchema = z.looseObject({
  id: text,
  object: z.literal('model'),
  created: described(z.int(), 'Unix time in seconds.'),
  owned_by: text,
  context_length: tokens(
    'The context that requests can use, in tokens: what the model runs with, or else what it was made for. Absent where nobody said it, as are all sizes.',
  ),
  loaded_context_length: tokens('The context that the model runs with now.'),
  max_context_length: tokens('The context that the model was made for.'),
  max_input_tokens: tokens('The longest prompt, in tokens.'),
  max_output_tokens: tokens('The longest answer, where the server limits it.'),
  root: described(z.optional(text), 'Of an alias: the model that it stands for.'),
})

export const ModelInfoSchema = z.looseObject({
  type: z.literal('model'),
  id: text,
  display_name: described(text, 'Of an alias, the model that it stands for.'),
  created_at: described(text, 'RFC 3339; 1970-01-01 where the time is not known.'),
  max_input_tokens: described(
    z.nullish(z.int().check(z.gte(0))),
    'The context that requests can use; null where it is not known.',
  ),
  max_tokens: described(
    z.nullish(z.int().check(z.gte(0))),
    'The longest answer; null where the server does not limit it.',
  ),
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
