import { CompletionEncoder } from '../dialects/completions/encoder.ts'
import type { Engine } from '../engines/engine.ts'
import type { Route } from '../engines/registry/router.ts'
import { requireAnswerLimit } from '../guard/size.ts'
import type { Exchange } from '../stream/exchange.ts'
import { jsonAnswerResponse, readFolded } from '../stream/json-answer.ts'
import { openStream, streamResponse } from '../stream/sse-response.ts'
import { TextFold } from '../stream/text-accumulator.ts'
import { answersTo, type TextStream } from '../stream/text-stream.ts'
import { parseTextRequest, type TextRequest } from '../wire/completions/request.ts'
import { toApiError } from '../wire/errors/api-error.ts'
import { progressOf } from './ask-chat.ts'
import type { ChatRouteOptions } from './chat.ts'
import { beginExchange, readBody, requireAble } from './exchange.ts'
import type { Trace } from './trace.ts'

/** `POST /v1/completions`. Rejects with an `ApiError`, or with why the exchange ended. */
export function completionsRoute({ engines, ...context }: ChatRouteOptions) {
  const settings = { ...context.settings, frameWriter: context.frameWriter }
  return async (request: Request, trace: Trace): Promise<Response> => {
    const body = await readBody(request, trace, settings)
    const asked = parseTextRequest(body)
    requireAnswerLimit('prompt', answersTo(asked), settings)
    const use = { prompt: [asked.prompt, asked.suffix] }
    const exchange = await beginExchange(context, request, trace, use)
    const ask = asker(exchange, asked)
    try {
      if (!asked.stream) {
        const whole = engines.answer(
          exchange,
          asked.model,
          (route, signal) => readFolded(exchange, ask(route, signal), new TextFold(), signal),
          canComplete,
        )
        return await jsonAnswerResponse(exchange, whole)
      }
      const opening = engines.answer(
        exchange,
        asked.model,
        (route, signal) => openStream(exchange, ask(route, signal), signal),
        canComplete,
      )
      const encoder = new CompletionEncoder(trace.id, asked.model ?? '')
      return await streamResponse(exchange, opening, encoder, settings)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

function asker(exchange: Exchange, asked: TextRequest) {
  return async ({ engine, model }: Route, signal: AbortSignal): Promise<TextStream> => {
    requireAble(engine, 'complete', model)
    const request = model === undefined || model === asked.model ? asked : { ...asked, model }
    return engine.complete(request, signal, {
      hops: exchange.hops,
      onProgress: progressOf(exchange),
    })
  }
}

function canComplete(engine: Engine): boolean {
  return engine.complete !== undefined
}
