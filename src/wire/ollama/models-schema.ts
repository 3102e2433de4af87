import * as z from 'zod/mini'
import { type ApiSchemas, type DescribedRequest, described } from '../validation/describe.ts'
import { bodySchema } from '../validation/fields.ts'
import { embeddingsFields, embedFields } from './embed.ts'

const text = z.string()
const count = z.int().check(z.gte(0))

const DetailsSchema = z.looseObject({
  parent_model: text,
  format: text,
  family: text,
  families: z.nullable(z.array(text)),
  parameter_size: text,
  quantization_level: text,
  context_length: z.optional(count),
  embedding_length: z.optional(count),
})

const capabilities = described(
  z.array(text),
  '`completion`, `tools`, `insert`, `vision`, `embedding`, `thinking`, `audio`.',
)
const digest = described(
  text,
  'SHA-256 in hexadecimal: of the model’s files where an Ollama serves it, else of its entry in the list.',
)
const size = described(count, 'Bytes; 0 where they are not known.')

const TagSchema = z.looseObject({
  name: text,
  model: text,
  modified_at: described(text, 'RFC 3339; 1970-01-01 where the time is not known.'),
  size,
  digest,
  details: DetailsSchema,
  capabilities,
})

const RunningSchema = z.looseObject({
  name: text,
  model: text,
  size,
  digest,
  details: DetailsSchema,
  expires_at: described(text, 'When it is unloaded; in the year 9999 where no time is known.'),
  size_vram: size,
  context_length: described(count, 'Tokens; 0 where they are not known.'),
})

const ShowSchema = z.looseObject({
  modelfile: text,
  parameters: text,
  template: text,
  details: DetailsSchema,
  model_info: described(
    z.looseObject({}),
    '`general.architecture`, and `ARCHITECTURE.context_length` where the context is known.',
  ),
  capabilities,
  modified_at: text,
})

const vector = z.array(z.number())

const options = 'Options of the model, such as `num_ctx`; only an Ollama gets them.'
const keepAlive = 'How long the model stays loaded; only an Ollama gets it.'

function request<F extends Parameters<typeof bodySchema>[0]>(
  fields: F,
  words: Record<keyof F, string>,
): DescribedRequest {
  return {
    schema: bodySchema(fields),
    description: 'The fields of Ollama’s API.',
    fields: words,
  }
}

/** Models and embeddings in the shape of Ollama's API. */
export const ollamaModelSchemas = {
  requests: {
    OllamaShowRequest: {
      schema: z.looseObject({
        model: z.optional(text),
        name: z.optional(text),
        verbose: z.optional(z.boolean()),
      }),
      description: 'The model to describe.',
      fields: {
        model: 'Its name, with or without `:latest`.',
        name: 'The same, as older clients call it.',
        verbose: 'Whether an Ollama is asked for all it knows.',
      },
    },
    OllamaEmbedRequest: request(embedFields, {
      model: 'The model that embeds them, with or without `:latest`.',
      input: 'One text or several.',
      truncate:
        'Whether longer texts are cut to the model’s context; only an Ollama gets it, other servers do as they do.',
      dimensions: 'The length of each vector. A model with vectors of another length refuses it.',
      options,
      keep_alive: keepAlive,
    }),
    OllamaEmbeddingsRequest: request(embeddingsFields, {
      model: 'The model that embeds it, with or without `:latest`.',
      prompt: 'The text.',
      options,
      keep_alive: keepAlive,
    }),
  },
  answers: {
    OllamaError: described(
      z.looseObject({ error: text }),
      'An error in the shape of Ollama’s API.',
    ),
    OllamaTags: z.looseObject({ models: z.array(TagSchema) }),
    OllamaShow: ShowSchema,
    OllamaRunning: z.looseObject({ models: z.array(RunningSchema) }),
    OllamaVersion: z.looseObject({
      version: described(text, 'The release of Ollama whose API is served.'),
      sluice: described(text, 'The version of sluice.'),
    }),
    OllamaEmbeddings: z.looseObject({
      model: text,
      embeddings: z.array(vector),
      total_duration: described(count, 'Nanoseconds.'),
      load_duration: described(count, 'Nanoseconds; 0 where the engine does not say.'),
      prompt_eval_count: described(count, 'Tokens; 0 where the engine counts none.'),
    }),
    OllamaEmbedding: z.looseObject({ embedding: vector }),
  },
} satisfies ApiSchemas
