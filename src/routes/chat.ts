import { ChatEncoder } from '../dialects/chat/encoder.ts'
import { requireItemLimits } from '../guard/size.ts'
import { readJsonAnswer } from '../stream/json-answer.ts'
import { openStream } from '../stream/sse-response.ts'
import { parseChatRequest } from '../wire/chat/request.ts'
import { chatAsker } from './ask-chat.ts'
import { generate } from './generate.ts'

/** `POST /v1/chat/completions` */
export const createChatCompletion = generate((body, { trace, context }) => {
  requireItemLimits(body, context.settings)
  const asked = parseChatRequest(body)
  const { model, messages, n } = asked
  return {
    model,
    use: { body: asked, conversation: messages, answers: n ?? 1 },
    begin(exchange) {
      const ask = chatAsker(exchange, asked)
      if (!asked.stream) {
        return {
          json: (route, signal) => readJsonAnswer(exchange, ask(route, signal), signal),
        }
      }
      return {
        open: (route, signal) => openStream(exchange, ask(route, signal), signal),
        encoder: new ChatEncoder(trace.id, model ?? ''),
      }
    },
  }
})
