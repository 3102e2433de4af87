import { isObject } from '../../util/object.ts'
import type { TokenLogprob } from '../../wire/responses/request.ts'

/** Translates a chat's log probabilities; invalid entries are dropped. */
export function toLogprobs(logprobs: unknown): TokenLogprob[] {
  const content = isObject(logprobs) ? logprobs.content : undefined
  return list(content).map((entry) => ({
    ...token(entry),
    top_logprobs: list(entry.top_logprobs).map(token),
  }))
}

function list(entries: unknown): Record<string, unknown>[] {
  if (!Array.isArray(entries)) return []
  return entries.filter(
    (entry) =>
      isObject(entry) && typeof entry.token === 'string' && typeof entry.logprob === 'number',
  )
}

function token({ token, logprob, bytes }: Record<string, unknown>) {
  return {
    token: token as string,
    logprob: logprob as number,
    bytes: Array.isArray(bytes) ? (bytes as number[]) : [],
  }
}
