/** How a request of Ollama's API is asked and answered. */

import { renameErrorField } from '../../dialects/field-names.ts'
import type {
  OllamaChat,
  OllamaConversation,
  OllamaLoad,
  OllamaText,
} from '../../dialects/ollama/dialect.ts'
import type { Engine } from '../../engines/engine.ts'
import type { Route } from '../../engines/registry/router.ts'
import type { AnyContract } from '../../stream/chat-stream.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { readAccumulated, readJsonAnswer } from '../../stream/json-answer.ts'
import { openStream } from '../../stream/sse-response.ts'
import { TextAccumulator } from '../../stream/text-accumulator.ts'
import type { TextStream } from '../../stream/text-stream.ts'
import { parseJson } from '../../util/parse-json.ts'
import type { TextChunk } from '../../wire/completions/request.ts'
import { callOptionsOf, progressOf } from '../ask-chat.ts'
import { converse, forwarder } from '../conversation.ts'
import { requireAble } from '../exchange.ts'
import type { Answering, Generation, Reading } from '../generate.ts'
import type { RouteContext } from '../route.ts'
import type { Trace } from '../trace.ts'

export function answerOllama(
  asked: OllamaConversation,
  { trace, context }: Pick<Reading, 'trace' | 'context'>,
): Generation {
  if (asked.kind === 'load') return loading(asked, trace, context)
  return asked.kind === 'chat' ? chatting(asked, trace) : completing(asked, trace)
}

function chatting(
  { model, stream, conversation, estimated, more }: OllamaChat,
  trace: Trace,
): Generation {
  return {
    api: 'ollama',
    model,
    use: { body: estimated, conversation: estimated.messages, more },
    begin: (exchange: Exchange) => converse(exchange, trace, conversation, stream),
  }
}

/**
 * Only an Ollama can be told to load a model. Others load it when it is first used, so that the answer says
 * no more than that the model is served.
 */
function loading(
  { model, native, answer }: OllamaLoad,
  trace: Trace,
  { router }: RouteContext,
): Generation {
  return {
    api: 'ollama',
    model,
    use: { answers: 0 },
    begin(exchange) {
      const forward = forwarder(exchange, trace, native)
      return {
        async json(route, signal) {
          const forwarding = forward(route, signal)
          if (forwarding !== undefined) return readJsonAnswer(exchange, forwarding, signal)
          // A server may be asked for a model that it does not list: it would refuse a prompt.
          if (model) await router.find(model, exchange.modelAccess, exchange.hops, exchange.asker)
          return { json: JSON.stringify(answer()) }
        },
      }
    },
  }
}

function completing(asked: OllamaText, trace: Trace): Generation {
  const { model, estimated, more } = asked
  return {
    api: 'ollama',
    model,
    use: { body: estimated, inputs: estimated.prompt, more },
    canAnswer: (engine) => engine.complete !== undefined || servesOllama(engine),
    begin: (exchange) => beginText(asked, exchange, trace),
  }
}

function beginText(asked: OllamaText, exchange: Exchange, trace: Trace): Answering {
  const forward = forwarder(exchange, trace, asked.native)
  const ask = textAsker(asked, exchange)
  if (asked.stream) {
    return {
      open: (route, signal) =>
        openStream<AnyContract>(exchange, forward(route, signal) ?? ask(route, signal), signal),
      encoder: asked.encoder(),
    }
  }
  return {
    async json(route, signal) {
      const forwarding = forward(route, signal)
      if (forwarding !== undefined) return readJsonAnswer(exchange, forwarding, signal)
      const answering = ask(route, signal)
      const accumulator = new TextAccumulator()
      const { json, headers } = await readAccumulated(exchange, answering, accumulator, signal)
      return { json: JSON.stringify(asked.answer(parseJson(json) as TextChunk)), headers }
    },
  }
}

function textAsker(asked: OllamaText, exchange: Exchange) {
  return async ({ engine, model }: Route, signal: AbortSignal): Promise<TextStream> => {
    requireAble(engine, 'complete', model)
    const text = asked.text()
    const request = model === undefined || model === text.model ? text : { ...text, model }
    try {
      return await engine.complete(request, signal, {
        ...callOptionsOf(exchange),
        onProgress: progressOf(exchange),
        asChunks: true,
        optionalFields: asked.optionalFields,
      })
    } catch (error) {
      throw renameErrorField(error, asked.fieldNames)
    }
  }
}

function servesOllama({ nativeApis }: Engine): boolean {
  return nativeApis?.includes('ollama') === true
}
