import type { Engine } from '../engines/engine.ts'
import type { Route } from '../engines/registry/router.ts'
import { requireAnswerLimit } from '../guard/size.ts'
import type { WholeAnswer } from '../stream/chat-stream.ts'
import type { Exchange } from '../stream/exchange.ts'
import { readJsonAnswer } from '../stream/json-answer.ts'
import { type EmbeddingRequest, parseEmbeddingRequest } from '../wire/embeddings/request.ts'
import { inputsOf } from '../wire/validation/inputs.ts'
import { callOptionsOf } from './ask-chat.ts'
import { requireAble } from './exchange.ts'
import { generate } from './generate.ts'

/** `POST /v1/embeddings` */
export const createEmbedding = generate((body, { context }) => {
  const asked = parseEmbeddingRequest(body)
  const { model, input } = asked
  const { length } = inputsOf(input)
  requireAnswerLimit('input', { prompts: length, choices: length }, context.settings)
  return {
    model,
    use: { inputs: input, answers: 0 },
    canAnswer,
    begin(exchange) {
      const ask = embeddingAsker(exchange, asked)
      return {
        json: (route, signal) => readJsonAnswer(exchange, ask(route, signal), signal),
      }
    },
  }
})

function embeddingAsker(exchange: Exchange, asked: EmbeddingRequest) {
  return async ({ engine, model }: Route, signal: AbortSignal): Promise<WholeAnswer> => {
    requireAble(engine, 'embed', model)
    const request = model === undefined ? asked : { ...asked, model }
    return engine.embed(request, signal, callOptionsOf(exchange))
  }
}

function canAnswer(engine: Engine): boolean {
  return engine.embed !== undefined
}
