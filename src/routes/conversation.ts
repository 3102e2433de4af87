import type { Dialect } from '../dialects/dialect.ts'
import { readJsonBody } from '../guard/body.ts'
import { requireFew } from '../guard/size.ts'
import { transformPipe } from '../stream/pipe.ts'
import { openStream, streamResponse } from '../stream/response.ts'
import { readWhole, wholeResponse } from '../stream/whole.ts'
import type { Trace } from '../trace.ts'
import type { ChatCompletion } from '../wire/chat.ts'
import { toApiError } from '../wire/errors.ts'
import { chatAsker } from './ask-chat.ts'
import type { ChatRouteOptions } from './chat.ts'
import { beginExchange } from './exchange.ts'

/**
 * A chat in another API's words. Rejects with an `ApiError`, or with why the exchange ended.
 */
export function conversationRoute(dialect: Dialect, { engines, ...context }: ChatRouteOptions) {
  const settings = { ...context.settings, framePipe: transformPipe }
  return async (request: Request, trace: Trace): Promise<Response> => {
    const body = await readJsonBody(request, settings.maxBody, settings.bodyTimeout)
    const conversation = dialect.read(body, trace.id)
    const asked = conversation.chat
    requireFew(asked, settings)
    const use = { model: asked.model, prompt: asked.messages }
    const exchange = await beginExchange(context, request, trace, use)
    const ask = chatAsker(exchange, trace, asked, true)
    try {
      if (!asked.stream) {
        const whole = engines.answer(exchange, asked.model, async (route, signal) => {
          const { json, headers } = await readWhole(exchange, ask(route, signal), signal)
          const told = conversation.whole(JSON.parse(json) as ChatCompletion)
          return { json: JSON.stringify(told), headers }
        })
        return await wholeResponse(exchange, whole)
      }
      const opening = engines.answer(exchange, asked.model, (route, signal) =>
        openStream(exchange, ask(route, signal), signal),
      )
      return await streamResponse(exchange, opening, conversation.encoder(), settings)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}
