/** The token counts in answers that are forwarded, as a chat has them. */
import { isObject } from '../../util/object.ts'
import type { Usage } from '../chat/answer.ts'
import { isTokenCount } from '../usage.ts'

/**
 * The counts of a whole answer or of an event; undefined where it has none. Audio that is counted in
 * seconds has none.
 *
 * Sources: OpenAI's API description (`prompt_tokens`, or `input_tokens` for images and transcriptions),
 * Jina's and Cohere's reranking (a total alone), llama.cpp's tools/server/README.md for `/infill`.
 */
export function passedUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined
  const { usage } = value
  if (isObject(usage)) {
    const { total_tokens: total } = usage
    const prompt = usage.prompt_tokens ?? usage.input_tokens
    const completion = usage.completion_tokens ?? usage.output_tokens
    return counts(prompt ?? (completion === undefined ? total : undefined), completion, total)
  }
  const { tokens_evaluated: evaluated, tokens_predicted: predicted, stop } = value
  // Each event of a stream repeats them; the last one counts.
  return stop === false ? undefined : counts(evaluated, predicted)
}

function counts(prompt: unknown, completion: unknown = 0, total?: unknown): Usage | undefined {
  if (!isTokenCount(prompt) || !isTokenCount(completion)) return undefined
  const sum = prompt + completion
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: isTokenCount(total) ? total : sum,
  }
}
