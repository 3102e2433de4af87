import type { Dialect, TranslatedRequest } from '../dialects/dialect.ts'
import { renameErrorField } from '../dialects/field-names.ts'
import type { Route } from '../engines/registry/router.ts'
import { requireItemLimits } from '../guard/size.ts'
import type { AnyContract, NativeStream, OpenedStream } from '../stream/chat-stream.ts'
import type { Exchange } from '../stream/exchange.ts'
import { type JsonAnswer, jsonAnswerResponse, readJsonAnswer } from '../stream/json-answer.ts'
import { openStream, streamResponse } from '../stream/sse-response.ts'
import type { ChatCompletion, ChatRequest } from '../wire/chat/request.ts'
import { toApiError } from '../wire/errors/api-error.ts'
import { chatAsker } from './ask-chat.ts'
import type { ChatRouteOptions } from './chat.ts'
import { beginExchange, readBody } from './exchange.ts'
import type { Trace } from './trace.ts'

/**
 * A chat in another API's words. Rejects with an `ApiError`, or with why the exchange ended.
 */
export function conversationRoute(dialect: Dialect, { engines, ...context }: ChatRouteOptions) {
  const settings = { ...context.settings, frameWriter: context.frameWriter }
  return async (request: Request, trace: Trace): Promise<Response> => {
    const body = await readBody(request, trace, settings)
    const conversation = dialect.read(body, trace.id, request.headers, request.url)
    const asked = conversation.native?.body ?? conversation.chat
    requireItemLimits(asked, settings)
    const use = { prompt: conversation.prompt ?? asked.messages }
    const exchange = await beginExchange(context, request, trace, use)
    const ask = asker(exchange, trace, conversation)
    try {
      if (!asked.stream)
        return await jsonAnswerResponse(exchange, engines.answer(exchange, asked.model, ask.whole))
      const opening = engines.answer(exchange, asked.model, ask.stream)
      // Chunks are a chat's; the rest is forwarded.
      return await streamResponse<AnyContract>(exchange, opening, conversation.encoder(), settings)
    } catch (error) {
      exchange.fail(toApiError(error))
      throw error
    }
  }
}

/**
 * The chat request for the conversation; the trace records what it leaves out. Throws an `ApiError`
 * (400).
 */
export function chatOf(conversation: TranslatedRequest, trace: Trace): ChatRequest {
  const { chat } = conversation
  trace.omittedTools = conversation.omittedTypes?.() ?? []
  return chat
}

/** Asks an engine in the API itself where it speaks it, else for a chat. */
export function asker(exchange: Exchange, trace: Trace, conversation: TranslatedRequest) {
  const { native } = conversation

  function forward(
    { engine, model }: Route,
    signal: AbortSignal,
  ): Promise<NativeStream> | undefined {
    if (native === undefined || !engine.nativeApis?.includes(native.api)) return undefined
    trace.omittedTools = []
    const isSame = model === undefined || model === native.body.model
    const call = isSame ? native : { ...native, body: { ...native.body, model } }
    return engine.forward?.(call, signal, { hops: exchange.hops })
  }

  async function chat(route: Route, signal: AbortSignal) {
    const optionalFields = ['stream_options', ...(conversation.optionalFields ?? [])]
    const asked = chatOf(conversation, trace)
    const ask = chatAsker(exchange, asked, { asChunks: true, optionalFields })
    try {
      return await ask(route, signal)
    } catch (error) {
      throw renameErrorField(error, conversation.fieldNames ?? {})
    }
  }

  return {
    stream(route: Route, signal: AbortSignal): Promise<OpenedStream<AnyContract>> {
      return openStream<AnyContract>(
        exchange,
        forward(route, signal) ?? chat(route, signal),
        signal,
      )
    },
    async whole(route: Route, signal: AbortSignal): Promise<JsonAnswer> {
      const forwarding = forward(route, signal)
      if (forwarding !== undefined) return readJsonAnswer(exchange, forwarding, signal)
      const { json, headers } = await readJsonAnswer(exchange, chat(route, signal), signal)
      const told = conversation.answer(JSON.parse(json) as ChatCompletion)
      return { json: JSON.stringify(told), headers }
    },
  }
}
