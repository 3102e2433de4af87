/** What chats and completions have in common: choices, usage on request, [DONE]. */
import { isObject } from '../../util/object.ts'
import type { CheckedApi, JsonFields, Prompt, Told } from './dialect.ts'

export const choicesDialect = {
  asksUsage: true,
  headersFor: () => ({}),
  isRefusal: ({ error }: JsonFields) => isObject(error) && typeof error.message === 'string',
  ends: { call: 'tool_calls', limit: 'length' },
  countIn({ usage }: JsonFields): number | undefined {
    if (!isObject(usage) || typeof usage.completion_tokens !== 'number') return undefined
    return usage.completion_tokens
  },
} satisfies Partial<CheckedApi>

export function choicesIn({ choices }: JsonFields): JsonFields[] {
  return Array.isArray(choices) ? choices.filter(isObject) : []
}

/** Fields that a chat and a completion are asked by alike. */
export function sharedFields({ model, limit, stream, usage }: Prompt): JsonFields {
  return {
    ...(model !== undefined && { model }),
    ...(limit !== undefined && { max_tokens: limit }),
    ...(stream && { stream }),
    ...(stream && usage && { stream_options: { include_usage: true } }),
  }
}

export const NOTHING: Told = { text: '', calls: [], finish: undefined }
