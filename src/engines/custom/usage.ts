import type { Usage } from '../../wire/chat/request.ts'
import type { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { isTokenCount } from '../../wire/usage.ts'
import { badValue } from './errors.ts'

/** Counts of tokens. */
export interface UsageInput {
  /** Tokens of the prompt. */
  prompt_tokens: number
  /** Tokens of the answer. */
  completion_tokens: number
  /** Both together; added where it is missing. */
  total_tokens?: number
  [field: string]: unknown
}

/** The complete counts. Throws an `ApiError` (502) for an invalid count. */
export function usageOf(given: Record<string, unknown>, errors: EngineErrors): Usage {
  const prompt_tokens = count(given.prompt_tokens, 'prompt_tokens', errors)
  const completion_tokens = count(given.completion_tokens, 'completion_tokens', errors)
  const { total_tokens = prompt_tokens + completion_tokens } = given
  const total = count(total_tokens, 'total_tokens', errors)
  return { ...given, prompt_tokens, completion_tokens, total_tokens: total }
}

function count(value: unknown, name: string, errors: EngineErrors): number {
  if (isTokenCount(value)) return value
  throw badValue(errors, `gave as usage.${name}`, value, 'a whole number of tokens')
}
