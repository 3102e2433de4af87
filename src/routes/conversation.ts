import type { TranslatedRequest } from '../dialects/dialect.ts'
import { renameErrorField } from '../dialects/field-names.ts'
import type { Route } from '../engines/registry/router.ts'
import type { AnyContract, NativeStream, OpenedStream } from '../stream/chat-stream.ts'
import type { Exchange } from '../stream/exchange.ts'
import { type JsonAnswer, readJsonAnswer } from '../stream/json-answer.ts'
import { openStream } from '../stream/sse-response.ts'
import { parseJson } from '../util/parse-json.ts'
import type { ChatCompletion, ChatRequest } from '../wire/chat/request.ts'
import type { NativeCall } from '../wire/native.ts'
import { callOptionsOf, chatAsker } from './ask-chat.ts'
import type { Answering } from './generate.ts'
import type { Trace } from './trace.ts'

/** How a conversation in another API than chat is asked and answered. */
export function converse(
  exchange: Exchange,
  trace: Trace,
  conversation: TranslatedRequest,
  stream: boolean | null | undefined,
): Answering {
  const ask = asker(exchange, trace, conversation)
  if (!stream) return { json: ask.json }
  // A chat's chunks are encoded; frames of the API itself are forwarded.
  return { open: ask.open, encoder: conversation.encoder() }
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

/** Asks an engine in the API itself; undefined if it does not serve that. */
export function forwarder(exchange: Exchange, trace: Trace, native: NativeCall) {
  return ({ engine, model }: Route, signal: AbortSignal): Promise<NativeStream> | undefined => {
    if (!engine.nativeApis?.includes(native.api)) return undefined
    trace.omittedTools = []
    const isSame = model === undefined || model === native.body.model
    const call = isSame ? native : { ...native, body: { ...native.body, model } }
    return engine.forward?.(call, signal, callOptionsOf(exchange))
  }
}

/** Asks an engine in the API itself if it serves that, else for a chat. */
function asker(exchange: Exchange, trace: Trace, conversation: TranslatedRequest) {
  const { native } = conversation
  const forward = native === undefined ? () => undefined : forwarder(exchange, trace, native)

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
    open(route: Route, signal: AbortSignal): Promise<OpenedStream<AnyContract>> {
      return openStream<AnyContract>(
        exchange,
        forward(route, signal) ?? chat(route, signal),
        signal,
      )
    },
    async json(route: Route, signal: AbortSignal): Promise<JsonAnswer> {
      const forwarding = forward(route, signal)
      if (forwarding !== undefined) return readJsonAnswer(exchange, forwarding, signal)
      const { json, headers } = await readJsonAnswer(exchange, chat(route, signal), signal)
      const told = conversation.answer(parseJson(json) as ChatCompletion)
      return { json: JSON.stringify(told), headers }
    },
  }
}
