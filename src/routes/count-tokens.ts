import { tokenCountCall } from '../dialects/messages/dialect.ts'
import type { Engine } from '../engines/engine.ts'
import type { Pool } from '../engines/pool/pool.ts'
import type { Route } from '../engines/registry/router.ts'
import { requireItemLimits } from '../guard/size.ts'
import { type JsonAnswer, jsonAnswerResponse } from '../stream/json-answer.ts'
import { ApiError, toApiError } from '../wire/errors/api-error.ts'
import { beginExchange, type ExchangeContext, readBody } from './exchange.ts'
import type { Trace } from './trace.ts'

/**
 * `POST /v1/messages/count_tokens`: by the engine's own tokenizer, never by a guess. Rejects with an
 * `ApiError` (501 where it has none to ask), or with why the exchange ended.
 */
export function countTokensRoute(engines: Pool, context: ExchangeContext) {
  const { settings } = context
  return async (request: Request, trace: Trace): Promise<Response> => {
    const body = await readBody(request, trace, settings)
    const prompt = tokenCountCall(body, request.headers, request.url)
    const { model: named } = prompt.native.body
    requireItemLimits(body, settings)
    // What is only counted uses nothing.
    const exchange = await beginExchange(context, request, trace, { prompt: '' })
    const count = async ({ engine, model }: Route, signal: AbortSignal): Promise<JsonAnswer> => {
      const tokens = await engine.countTokens?.(prompt, model, signal, { hops: exchange.hops })
      signal.throwIfAborted()
      if (tokens === undefined) throw unable(engine.label)
      return { json: JSON.stringify({ input_tokens: tokens }) }
    }
    try {
      return await jsonAnswerResponse(exchange, engines.answer(exchange, named, count, canCount))
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

function canCount(engine: Engine): boolean {
  return engine.countTokens !== undefined
}

function unable(label: string): ApiError {
  const message = `${label} does not tell how many tokens a prompt has, and sluice does not guess.`
  return new ApiError(501, message, { code: 'not_supported' })
}
