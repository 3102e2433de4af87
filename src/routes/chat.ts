import { chatEncoder } from '../dialects/chat.ts'
import type { Router } from '../engines/router.ts'
import { readJsonBody } from '../guard/body.ts'
import type { Pipe } from '../stream/pipe.ts'
import { streamResponse } from '../stream/response.ts'
import { wholeResponse } from '../stream/whole.ts'
import type { Trace } from '../trace.ts'
import { parseChatRequest } from '../wire/chat.ts'
import { toApiError } from '../wire/errors.ts'
import { beginExchange, type ExchangeContext } from './exchange.ts'

export interface ChatRouteOptions extends ExchangeContext {
  engines: Router
  /** Makes the pipe for frames that are only forwarded. */
  framePipe: () => Pipe
}

/** `POST /v1/chat/completions`. Rejects with an `ApiError`, or with why the exchange ended. */
export function chatRoute({ engines, ...context }: ChatRouteOptions) {
  const settings = { ...context.settings, framePipe: context.framePipe }
  return async (request: Request, trace: Trace): Promise<Response> => {
    const { maxBody, bodyTimeout } = settings
    const asked = parseChatRequest(await readJsonBody(request, maxBody, bodyTimeout))
    const exchange = beginExchange(context, request, trace)

    const ask = async (signal: AbortSignal) => {
      const { engine, model } = await engines.pick(asked.model)
      exchange.engine = engine.label
      exchange.model = model
      return engine.chat(
        model === asked.model ? asked : { ...asked, model },
        signal,
        (progress) => {
          exchange.progress = `loading ${progress.model} ${Math.floor(progress.done * 100)} %`
        },
      )
    }
    try {
      if (!asked.stream) return await wholeResponse(exchange, ask)
      const encoder = chatEncoder(trace.id, asked.model ?? '')
      return await streamResponse(exchange, ask, encoder, settings)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}
