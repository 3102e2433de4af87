import { ChatEncoder } from '../dialects/chat/encoder.ts'
import { LoadingText, withoutLoadingText } from '../dialects/chat/loading-text.ts'
import { requireItemLimits } from '../guard/size.ts'
import { readJsonAnswer } from '../stream/json-answer.ts'
import { openStream } from '../stream/sse-response.ts'
import { parseChatRequest } from '../wire/chat/request.ts'
import { chatAsker } from './ask-chat.ts'
import { generate } from './generate.ts'

/** `POST /v1/chat/completions` */
export const createChatCompletion = generate((body, { trace, context }) => {
  const { settings } = context
  requireItemLimits(body, settings)
  const asked = parseChatRequest(body)
  const showsLoading = settings.loadingText === 'reasoning'
  if (showsLoading) asked.messages = withoutLoadingText(asked.messages)
  const { model, messages, n } = asked
  return {
    api: 'chat',
    model,
    use: { body: asked, conversation: messages, answers: n ?? 1 },
    begin(exchange) {
      if (!asked.stream) {
        const ask = chatAsker(exchange, asked)
        return {
          json: (route, signal) => readJsonAnswer(exchange, ask(route, signal), signal),
        }
      }
      const field = settings.reasoning === 'reasoning' ? 'reasoning' : 'reasoning_content'
      const text = showsLoading ? new LoadingText(field) : undefined
      const encoder = new ChatEncoder(trace.id, model ?? '', text)
      const ask = chatAsker(exchange, asked, { identity: text && (() => encoder.identity) })
      return {
        open: (route, signal) => openStream(exchange, ask(route, signal), signal),
        encoder,
      }
    },
  }
})
