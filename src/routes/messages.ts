import { messagesDialect } from '../dialects/messages/dialect.ts'
import type { ChatRouteOptions } from './chat.ts'
import { conversationRoute } from './conversation.ts'

/** `POST /v1/messages`, Anthropic's API. */
export function messagesRoute(options: ChatRouteOptions) {
  return conversationRoute(messagesDialect, options)
}
