import { CompletionEncoder } from '../dialects/completions/encoder.ts'
import type { Engine } from '../engines/engine.ts'
import type { Route } from '../engines/registry/router.ts'
import { requireAnswerLimit } from '../guard/size.ts'
import type { Exchange } from '../stream/exchange.ts'
import { readAccumulated } from '../stream/json-answer.ts'
import { openStream } from '../stream/sse-response.ts'
import { TextAccumulator } from '../stream/text-accumulator.ts'
import { answerCounts, type TextStream } from '../stream/text-stream.ts'
import { parseTextRequest, type TextRequest } from '../wire/completions/request.ts'
import { callOptionsOf, progressOf } from './ask-chat.ts'
import { requireAble } from './exchange.ts'
import { generate } from './generate.ts'

/** `POST /v1/completions` */
export const createCompletion = generate((body, { trace, context }) => {
  const asked = parseTextRequest(body)
  const counts = answerCounts(asked)
  requireAnswerLimit('prompt', counts, context.settings)
  const { model, prompt } = asked
  return {
    api: 'completions',
    model,
    use: { body: asked, inputs: prompt, answers: counts.choices },
    canAnswer,
    begin(exchange) {
      const ask = textAsker(exchange, asked)
      if (!asked.stream) {
        return {
          json: (route, signal) =>
            readAccumulated(exchange, ask(route, signal), new TextAccumulator(), signal),
        }
      }
      return {
        open: (route, signal) => openStream(exchange, ask(route, signal), signal),
        encoder: new CompletionEncoder(trace.id, model ?? ''),
      }
    },
  }
})

function textAsker(exchange: Exchange, asked: TextRequest) {
  return async ({ engine, model }: Route, signal: AbortSignal): Promise<TextStream> => {
    requireAble(engine, 'complete', model)
    const request = model === undefined || model === asked.model ? asked : { ...asked, model }
    return engine.complete(request, signal, {
      ...callOptionsOf(exchange),
      onProgress: progressOf(exchange),
    })
  }
}

function canAnswer(engine: Engine): boolean {
  return engine.complete !== undefined
}
