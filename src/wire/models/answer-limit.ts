import { isObject } from '../../util/object.ts'
import { isTokenCount } from '../usage.ts'

/** Fields of listed models, by what they limit: answers, and the context that answers are part of. */
const FIELDS = [
  ['max_output_tokens', 'max_completion_tokens'],
  [
    'max_model_len',
    'loaded_context_length',
    'context_length',
    'context_window',
    'max_context_length',
  ],
] as const

/** The most tokens of a model's answer, from any of the known fields; undefined if it lists none. */
export function answerLimit(model: Readonly<Record<string, unknown>>): number | undefined {
  const { n_ctx, n_ctx_train } = isObject(model.meta) ? model.meta : {}
  const listed = FIELDS.flat().map((name) => model[name])
  const limits = [...listed, n_ctx, n_ctx_train].filter(isTokenCount).filter((limit) => limit > 0)
  return limits.length > 0 ? Math.min(...limits) : undefined
}
