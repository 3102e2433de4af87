import * as z from 'zod/mini'
import { type ApiSchemas, described, judgedRequest } from '../validation/describe.ts'
import { embeddingFields, reliedEmbeddingFields } from './request.ts'

const text = z.string()
const count = z.int().check(z.gte(0))

export const EmbeddingListSchema = z.looseObject({
  object: z.literal('list'),
  data: z.array(
    z.looseObject({
      object: z.literal('embedding'),
      index: count,
      embedding: described(
        z.union([z.array(z.number()), text]),
        'Numbers, or base64 of little-endian 32-bit floats.',
      ),
    }),
  ),
  model: text,
  usage: z.optional(z.looseObject({ prompt_tokens: count, total_tokens: count })),
})

export const embeddingSchemas = {
  requests: {
    EmbeddingRequest: judgedRequest(embeddingFields, reliedEmbeddingFields, {
      input: 'One text or several, or the tokens of one or several.',
      model: 'The model that embeds them.',
      encoding_format:
        '`float` (the default) or `base64`; sluice converts where the engine returns the other.',
      dimensions: 'The length of each vector. A model with vectors of another length refuses it.',
      user: 'Passed on.',
    }),
  },
  answers: { EmbeddingList: EmbeddingListSchema },
} satisfies ApiSchemas
