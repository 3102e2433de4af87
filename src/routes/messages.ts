import { messagesDialect } from '../dialects/messages/dialect.ts'
import { requireItemLimits } from '../guard/size.ts'
import { converse } from './conversation.ts'
import { generate } from './generate.ts'

/** `POST /v1/messages`, Anthropic's API */
export const createMessage = generate((body, { request, trace, context }) => {
  const conversation = messagesDialect.read(body, trace.id, request.headers, request.url)
  const asked = conversation.native?.body ?? conversation.chat
  requireItemLimits(asked, context.settings)
  return {
    api: 'messages',
    model: asked.model,
    use: { body: asked, conversation: asked.messages },
    begin: (exchange) => converse(exchange, trace, conversation, asked.stream),
  }
})
