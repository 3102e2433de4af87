/** What all routes do that ask an engine to generate something. */
import type { Engine } from '../engines/engine.ts'
import type { Attempt } from '../engines/pool/pool.ts'
import type { SlotKind } from '../state/limits.ts'
import type { RunApi } from '../state/run-log.ts'
import type { Exchange } from '../stream/exchange.ts'
import { type JsonAnswer, jsonAnswerResponse } from '../stream/json-answer.ts'
import { streamResponse } from '../stream/sse-response.ts'
import { toApiError } from '../wire/errors/api-error.ts'
import { sourceOf, stepsOf } from '../wire/json/sourced.ts'
import { beginExchange, readBody } from './exchange.ts'
import type { RouteContext, RouteHandler, RouteRequest } from './route.ts'
import type { StreamAnswering } from './stream-answering.ts'
import type { RequestedUse } from './token-use.ts'
import type { Trace } from './trace.ts'

/** A request whose body was read and checked. */
export interface Generation {
  /** The API in which it may be streamed; undefined where it never is. */
  api?: RunApi | undefined
  model: string | null | undefined
  /** What its use of tokens is estimated from. */
  use: RequestedUse
  /** Which engines can do what is asked; every engine by default. */
  canAnswer?: (engine: Engine) => boolean
  /** Whose disconnect cancels it; the request by default. */
  client?: Pick<Request, 'signal'>
  /** The slot of its caller that it takes; one of those that run by default. */
  slot?: SlotKind
  /** How an engine is asked, and how its answer is sent. */
  begin(exchange: Exchange): Answering | Promise<Answering>
}

export type Answering = JsonAnswering | StreamAnswering

export interface JsonAnswering {
  /** Asks one engine for the whole answer. */
  json: Attempt<JsonAnswer>
  /** Awaited when the engine has answered, before that is sent. */
  beforeSend?: () => Promise<void>
}

/** What a request is read with, beside its body. */
export interface Reading {
  request: RouteRequest
  trace: Trace
  context: RouteContext
}

/**
 * A route that reads a request with `read`, asks the engine that the pool picks, and answers with
 * JSON or a stream. Whatever fails once the exchange has begun also ends the exchange.
 */
export function generate(
  read: (body: unknown, reading: Reading) => Generation | Promise<Generation>,
): RouteHandler {
  return async (request, trace, context) => {
    const { settings, pool, streaming, resuming } = context
    const body = await readBody(request, trace, context)
    const elsewhere = context.elsewhere && (await context.elsewhere(request, body, trace))
    if (elsewhere) {
      trace.forward()
      return elsewhere
    }
    const generation = await read(body, { request, trace, context })
    const { api, model, canAnswer } = generation
    const resume = api && !generation.client && resuming?.resumeOf(request, trace, context)
    const { client = resume ? resume.attached : request } = generation
    const inSteps = stepsOf(body)
    const exchange = await beginExchange(context, client, trace, generation, inSteps)
    exchange.conversation = context.conversationOf?.(request.headers, generation.use, settings)
    try {
      const answering = await generation.begin(exchange)
      if ('json' in answering) {
        const { json, beforeSend } = answering
        const answer = forgetting(body, pool.answer(exchange, model, json, canAnswer))
        return await jsonAnswerResponse(exchange, beforeSend ? after(answer, beforeSend) : answer)
      }
      const { open, encoder, send } = answering
      const opening = forgetting(body, pool.answer(exchange, model, open, canAnswer))
      const stream =
        resume && resuming
          ? resuming.resumable({ ...resume, api }, answering, context)
          : streamResponse
      if (send === undefined) return await stream(exchange, opening, encoder, streaming)
      return await send(stream, exchange, opening, encoder, streaming)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

/** No engine is asked any more once one has begun to answer, which may take hours. */
function forgetting<T>(body: unknown, answer: Promise<T>): Promise<T> {
  // The text is as large as the object and its copies, which are no longer serialized then.
  const source = sourceOf(body)
  return source ? answer.finally(() => source.forget()) : answer
}

async function after<T>(answer: Promise<T>, act: () => Promise<void>): Promise<T> {
  const answered = await answer
  await act()
  return answered
}
