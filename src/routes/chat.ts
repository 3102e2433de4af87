import { ChatEncoder } from '../dialects/chat/encoder.ts'
import type { Pool } from '../engines/pool/pool.ts'
import { requireItemLimits } from '../guard/size.ts'
import type { BodyWriter } from '../platform/body-writer.ts'
import { jsonAnswerResponse, readJsonAnswer } from '../stream/json-answer.ts'
import { openStream, streamResponse } from '../stream/sse-response.ts'
import { parseChatRequest } from '../wire/chat/request.ts'
import { toApiError } from '../wire/errors/api-error.ts'
import { chatAsker } from './ask-chat.ts'
import { beginExchange, type ExchangeContext, readBody } from './exchange.ts'
import type { Trace } from './trace.ts'

export interface ChatRouteOptions extends ExchangeContext {
  engines: Pool
  /** Makes the writer for frames that are only forwarded. */
  frameWriter: () => BodyWriter
}

/** `POST /v1/chat/completions`. Rejects with an `ApiError`, or with why the exchange ended. */
export function chatRoute({ engines, ...context }: ChatRouteOptions) {
  const settings = { ...context.settings, frameWriter: context.frameWriter }
  return async (request: Request, trace: Trace): Promise<Response> => {
    const body = await readBody(request, trace, settings)
    requireItemLimits(body, settings)
    const asked = parseChatRequest(body)
    const use = { prompt: asked.messages }
    const exchange = await beginExchange(context, request, trace, use)
    const ask = chatAsker(exchange, asked)
    try {
      if (!asked.stream) {
        const whole = engines.answer(exchange, asked.model, (route, signal) =>
          readJsonAnswer(exchange, ask(route, signal), signal),
        )
        return await jsonAnswerResponse(exchange, whole)
      }
      const opening = engines.answer(exchange, asked.model, (route, signal) =>
        openStream(exchange, ask(route, signal), signal),
      )
      const encoder = new ChatEncoder(trace.id, asked.model ?? '')
      return await streamResponse(exchange, opening, encoder, settings)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}
