import type { Settings } from '../settings/settings.ts'
import { conversationKey } from '../wire/conversation-key.ts'
import { sessionIdOf } from '../wire/session-id.ts'
import type { RequestedUse } from './token-use.ts'

/**
 * Computes by what a request's conversation is recognized. It is called only where several engines serve
 * the model. Undefined where no answer is generated, as for embeddings, or where the setting is `off`.
 */
export function conversationKeyOf(
  headers: Headers,
  use: RequestedUse,
  { affinity }: Pick<Settings, 'affinity'>,
): ((model: string | null | undefined) => string | undefined) | undefined {
  if (affinity === 'off' || use.answers === 0) return undefined
  return (model) => {
    const session = sessionIdOf(headers, use.body)
    if (affinity === 'session' && session === undefined) return undefined
    return conversationKey(use, model, session)
  }
}
