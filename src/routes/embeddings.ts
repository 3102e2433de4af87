import type { Router } from '../engines/router.ts'
import { readJsonBody } from '../guard/body.ts'
import { wholeResponse } from '../stream/whole.ts'
import type { Trace } from '../trace.ts'
import { parseEmbeddingRequest } from '../wire/embedding.ts'
import { ApiError, toApiError } from '../wire/errors.ts'
import { beginExchange, type ExchangeContext } from './exchange.ts'

/** `POST /v1/embeddings`. Rejects with an `ApiError`, or with why the exchange ended. */
export function embeddingsRoute(engines: Router, context: ExchangeContext) {
  return async (request: Request, trace: Trace): Promise<Response> => {
    const { maxBody, bodyTimeout } = context.settings
    const asked = parseEmbeddingRequest(await readJsonBody(request, maxBody, bodyTimeout))
    const exchange = beginExchange(context, request, trace)
    try {
      return await wholeResponse(exchange, async (signal) => {
        const { engine, model } = await engines.pick(asked.model)
        exchange.engine = engine.label
        exchange.model = model
        if (!engine.embed) throw unable(model ?? engine.label)
        return engine.embed({ ...asked, ...(model !== undefined && { model }) }, signal)
      })
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

function unable(model: string): ApiError {
  const message = `model: ${model} gives no embeddings.`
  return new ApiError(400, message, { code: 'model_not_capable', param: 'model' })
}
