import type { Engine } from '../engines/engine.ts'
import type { Pool } from '../engines/pool/pool.ts'
import type { Route } from '../engines/registry/router.ts'
import { requireAnswerLimit } from '../guard/size.ts'
import type { WholeAnswer } from '../stream/chat-stream.ts'
import { jsonAnswerResponse, readJsonAnswer } from '../stream/json-answer.ts'
import { parseEmbeddingRequest } from '../wire/embeddings/request.ts'
import { toApiError } from '../wire/errors/api-error.ts'
import { inputsOf } from '../wire/validation/inputs.ts'
import { beginExchange, type ExchangeContext, readBody, requireAble } from './exchange.ts'
import type { Trace } from './trace.ts'

/** `POST /v1/embeddings`. Rejects with an `ApiError`, or with why the exchange ended. */
export function embeddingsRoute(engines: Pool, context: ExchangeContext) {
  return async (request: Request, trace: Trace): Promise<Response> => {
    const asked = parseEmbeddingRequest(await readBody(request, trace, context.settings))
    const { length } = inputsOf(asked.input)
    requireAnswerLimit('input', { prompts: length, choices: length }, context.settings)
    const use = { prompt: asked.input }
    const exchange = await beginExchange(context, request, trace, use)
    const ask = async ({ engine, model }: Route, signal: AbortSignal): Promise<WholeAnswer> => {
      requireAble(engine, 'embed', model)
      return engine.embed({ ...asked, ...(model !== undefined && { model }) }, signal, {
        hops: exchange.hops,
      })
    }
    try {
      const whole = engines.answer(
        exchange,
        asked.model,
        (route, signal) => readJsonAnswer(exchange, ask(route, signal), signal),
        canEmbed,
      )
      return await jsonAnswerResponse(exchange, whole)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

function canEmbed(engine: Engine): boolean {
  return engine.embed !== undefined
}
