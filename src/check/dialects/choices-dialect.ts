/** What chat and completions have in common: choices, usage on request, [DONE]. */
import { isObject } from '../../util/object.ts'
import type { CheckedApi, CollectedAnswer, JsonFields, Prompt } from './dialect.ts'

export const choicesDialect = {
  asksUsage: true,
  headersFor: () => ({}),
  isErrorBody: ({ error }: JsonFields) => isObject(error) && typeof error.message === 'string',
  finishReasons: { call: 'tool_calls', limit: 'length' },
  tokenCount({ usage }: JsonFields): number | undefined {
    if (!isObject(usage) || typeof usage.completion_tokens !== 'number') return undefined
    return usage.completion_tokens
  },
} satisfies Partial<CheckedApi>

export function choicesIn({ choices }: JsonFields): JsonFields[] {
  return Array.isArray(choices) ? choices.filter(isObject) : []
}

/** Request fields that chat and completions share. */
export function sharedFields({ model, limit, stream, usage }: Prompt): JsonFields {
  return {
    ...(model !== undefined && { model }),
    ...(limit !== undefined && { max_tokens: limit }),
    ...(stream && { stream }),
    ...(stream && usage && { stream_options: { include_usage: true } }),
  }
}

export const EMPTY_ANSWER: CollectedAnswer = { text: '', calls: [], finishReason: undefined }
