/** The context and output limits of a model, read from what servers list about it. */
import { isObject } from '../../util/object.ts'

/** Numbers of tokens, each absent where nobody said it. */
export interface ContextSize {
  /** The context that requests can use: prompt and answer together. */
  context_length?: number
  /** The context that the model runs with now. */
  loaded_context_length?: number
  /** The largest context that the model was made for. */
  max_context_length?: number
  /** The longest prompt. */
  max_input_tokens?: number
  /** The longest answer, where the server limits it. */
  max_output_tokens?: number
}

type Fields = Readonly<Record<string, unknown>>

/**
 * The size by the fields of a listed model. What it runs with comes before what it was made for, since
 * servers run models with less: Ollama with 4,096 by default.
 */
export function contextSize(model: Fields): ContextSize {
  const { n_ctx, n_ctx_train, llamaswap } = isObject(model.meta) ? model.meta : {}
  const metadata = isObject(llamaswap) ? llamaswap : {}
  const context = firstSize(
    ...[model.context_length, model.loaded_context_length],
    // vLLM and SGLang, llama-server, Groq.
    ...[model.max_model_len, n_ctx, model.context_window],
    // What users of llama-swap write into the metadata of a model.
    ...[metadata.context_length, metadata.contextLength],
    ...[model.max_context_length, n_ctx_train],
  )
  const input = firstSize(model.max_input_tokens)
  const output = firstSize(model.max_output_tokens, model.max_completion_tokens)
  const prompt = input !== undefined && context !== undefined ? Math.min(input, context) : undefined
  const most = prompt ?? input ?? context
  return {
    ...(context !== undefined && { context_length: context }),
    ...(most !== undefined && { max_input_tokens: most }),
    ...(output !== undefined && { max_output_tokens: output }),
  }
}

/** The model with its size under the names that clients read, and without values that are no sizes. */
export function withContextSize<M extends Fields>(model: M, size = contextSize(model)): M {
  const { context_length: _, max_input_tokens: __, max_output_tokens: ___, ...rest } = model
  return { ...rest, ...size } as unknown as M
}

/** The first that is a positive whole number. */
export function firstSize(...values: readonly unknown[]): number | undefined {
  return values.find((value): value is number => Number.isSafeInteger(value) && Number(value) > 0)
}
