import * as z from 'zod'
import { type ApiSchemas, judgedRequest } from '../validation/describe.ts'
import { embeddingFields, reliedEmbeddingFields } from './request.ts'

const text = z.string()
const count = z.int().min(0)

export const EmbeddingListSchema = z.looseObject({
  object: z.literal('list'),
  data: z.array(
    z.looseObject({
      object: z.literal('embedding'),
      index: count,
      embedding: z
        .union([z.array(z.number()), text])
        .describe('Numbers, or base64 of little-endian 32-bit floats.'),
    }),
  ),
  model: text,
  usage: z.looseObject({ prompt_tokens: count, total_tokens: count }).optional(),
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
