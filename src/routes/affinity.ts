import type { Settings } from '../settings/settings.ts'
import type { ConversationHint } from '../stream/conversation-hint.ts'
import { conversationKey, conversationLength } from '../wire/conversation-key.ts'
import { sessionIdOf } from '../wire/session-id.ts'
import type { RequestedUse } from './token-use.ts'

/**
 * By what a request's conversation is recognized; computed only where several engines serve the model.
 * Undefined where no answer is generated, as for embeddings, or where the setting is `off`.
 */
export function conversationOf(
  headers: Headers,
  use: RequestedUse,
  { affinity }: Pick<Settings, 'affinity'>,
): ConversationHint | undefined {
  if (affinity === 'off' || use.answers === 0) return undefined
  return {
    key(model) {
      const session = sessionIdOf(headers, use.body)
      if (affinity === 'session' && session === undefined) return undefined
      return conversationKey(use, model, session)
    },
    length: () => conversationLength(use),
  }
}
