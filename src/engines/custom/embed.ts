import type { WholeAnswer } from '../../stream/chat-stream.ts'
import { isObject } from '../../util/object.ts'
import { checkEmbeddings } from '../../wire/contract/embeddings-answer.ts'
import type { EmbeddingRequest } from '../../wire/embeddings/request.ts'
import type { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { isTokenCount } from '../../wire/usage.ts'
import { badValue } from './errors.ts'

/** The numbers of one embedding. */
export type Vector = readonly number[] | Float32Array | Float64Array

/**
 * What `embed` may return: a vector for each input, in their order, and how many tokens were read.
 * OpenAI's answer has to have `usage`: without it a client is sent zeros, and nothing counts for limits.
 */
export type Embedded =
  | readonly Vector[]
  | { embeddings: readonly Vector[]; usage?: { prompt_tokens: number } }

const EXPECTED = 'a vector of numbers for each input, or { embeddings: […], usage: {…} }'

/** The answer to a request for embeddings. Throws an `ApiError` where it is not what was asked for. */
export function embeddingAnswer(
  returned: unknown,
  request: EmbeddingRequest,
  label: string,
  errors: EngineErrors,
): WholeAnswer {
  const { embeddings, usage } = isObject(returned)
    ? returned
    : { embeddings: returned, usage: undefined }
  if (!Array.isArray(embeddings)) throw badValue(errors, 'returned', returned, EXPECTED)
  const data = embeddings.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: plain(vector),
  }))
  const tokens = isObject(usage) ? usage.prompt_tokens : undefined
  if (tokens !== undefined && !isTokenCount(tokens)) {
    throw badValue(errors, 'gave as usage.prompt_tokens', tokens, 'a whole number of tokens')
  }
  const model = request.model ?? label
  const counts = { prompt_tokens: tokens ?? 0, total_tokens: tokens ?? 0 }
  const answer = { object: 'list', data, model, usage: counts }
  checkEmbeddings(answer, request, errors)
  return {
    kind: 'whole',
    json: JSON.stringify(answer),
    model,
    repaired: [],
    ...(tokens !== undefined && {
      usage: { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens },
    }),
  }
}

/** Numbers in an array: `checkEmbeddings` writes them as base64 where that is asked for. */
function plain(vector: unknown): unknown {
  return ArrayBuffer.isView(vector) ? Array.from(vector as Float32Array) : vector
}
