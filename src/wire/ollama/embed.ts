/**
 * `POST /api/embed`, and its predecessor `POST /api/embeddings`, as in
 * https://github.com/ollama/ollama/blob/v0.32.15/api/types.go.
 */
import * as z from 'zod/mini'
import { isObject } from '../../util/object.ts'
import type { EmbeddingRequest } from '../embeddings/request.ts'
import { isTokenCount } from '../usage.ts'
import { type Fields, fieldChecker, flag, integer, text } from '../validation/fields.ts'

/** What OpenAI's API has no field for. Only an Ollama gets it. */
export interface OllamaEmbedOptions {
  /** Its API that is asked: the vectors of `embeddings` are not normalized there. */
  api: 'embed' | 'embeddings'
  truncate?: boolean | null | undefined
  options?: unknown
  keep_alive?: unknown
}

/** A request, in OpenAI's API and what that has no field for. */
export interface OllamaEmbedding {
  asked: EmbeddingRequest
  ollama: OllamaEmbedOptions
}

const required = (expected: string) => z.string(expected).check(z.minLength(1, expected))

const shared = {
  model: () => required('the name of a model'),
  options: () => z.nullish(z.looseObject({})),
  keep_alive: () => z.nullish(z.union([z.string(), z.number()])),
} satisfies Fields

export const embedFields = {
  ...shared,
  input: () => z.nullish(z.union([z.string(), z.array(z.string())])),
  truncate: () => flag,
  dimensions: () => z.nullish(integer(0)),
} satisfies Fields

export const embeddingsFields = { ...shared, prompt: () => text } satisfies Fields

const checkEmbed = fieldChecker(embedFields, 'model')
const checkEmbeddings = fieldChecker(embeddingsFields, 'model')

/** The body of `POST /api/embed`. Throws an `ApiError` (400) that names the first wrong field. */
export function parseOllamaEmbed(body: unknown): OllamaEmbedding {
  checkEmbed(body)
  const { model, input, dimensions, truncate, options, keep_alive } = body as EmbedBody
  return {
    asked: {
      model,
      // An empty text is none, and asks only for the model to be loaded.
      input: input || [],
      encoding_format: 'float',
      ...(dimensions && { dimensions }),
    },
    ollama: { api: 'embed', truncate, options, keep_alive },
  }
}

/** The body of `POST /api/embeddings`. Throws an `ApiError` (400) that names the first wrong field. */
export function parseOllamaEmbeddings(body: unknown): OllamaEmbedding {
  checkEmbeddings(body)
  const { model, prompt, options, keep_alive } = body as EmbedBody
  return {
    asked: { model, input: prompt || [], encoding_format: 'float' },
    ollama: { api: 'embeddings', options, keep_alive },
  }
}

interface EmbedBody {
  model: string
  input?: string | string[] | null
  prompt?: string | null
  dimensions?: number | null
  truncate?: boolean | null
  options?: unknown
  keep_alive?: unknown
}

/** The request for an Ollama's own API. */
export function toOllamaRequest(
  { model, input, dimensions }: EmbeddingRequest,
  { api, ...rest }: OllamaEmbedOptions,
): object {
  const given = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null)
  const options = Object.fromEntries(given)
  if (api === 'embeddings') return { model, prompt: input, ...options }
  return { model, input, ...(dimensions && { dimensions }), ...options }
}

/** An Ollama's answer as that of OpenAI's API, to be checked as any other. */
export function fromOllamaAnswer(value: unknown): unknown {
  if (!isObject(value)) return value
  const { embeddings, embedding, model, prompt_eval_count, ...rest } = value
  const vectors = embeddings ?? (embedding === undefined ? undefined : [embedding])
  if (!Array.isArray(vectors)) return value
  const tokens = isTokenCount(prompt_eval_count) ? prompt_eval_count : undefined
  return {
    object: 'list',
    data: vectors.map((each, index) => ({ object: 'embedding', index, embedding: each })),
    model,
    ...(tokens !== undefined && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    ...rest,
  }
}

/** The answer of `POST /api/embed` to an answer in OpenAI's API. `nanoseconds`: how long it took. */
export function toOllamaEmbed(answer: OpenAiAnswer, model: string, nanoseconds: number) {
  const { data, usage, total_duration, load_duration } = answer
  const tokens = usage?.prompt_tokens ?? usage?.total_tokens
  return {
    model,
    embeddings: data.map(({ embedding }) => embedding),
    total_duration: typeof total_duration === 'number' ? total_duration : nanoseconds,
    // Some clients refuse an answer without these two, such as ollama-ai-provider-v2.
    load_duration: typeof load_duration === 'number' ? load_duration : 0,
    prompt_eval_count: isTokenCount(tokens) ? tokens : 0,
  }
}

/** The answer of `POST /api/embeddings`. */
export function toOllamaEmbeddings({ data }: OpenAiAnswer) {
  return { embedding: data[0]?.embedding ?? [] }
}

/** The answer of an engine, as its contract has checked it. */
export interface OpenAiAnswer {
  data: { embedding: unknown }[]
  usage?: { prompt_tokens?: unknown; total_tokens?: unknown }
  total_duration?: unknown
  load_duration?: unknown
}
