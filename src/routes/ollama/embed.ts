/** Embeddings in Ollama's API, by any engine that makes them. */

import type { Engine } from '../../engines/engine.ts'
import type { Route } from '../../engines/registry/router.ts'
import { requireAnswerLimit } from '../../guard/size.ts'
import type { WholeAnswer } from '../../stream/chat-stream.ts'
import type { Exchange } from '../../stream/exchange.ts'
import { readJsonAnswer } from '../../stream/json-answer.ts'
import { parseJson } from '../../util/parse-json.ts'
import {
  type OllamaEmbedding,
  type OpenAiAnswer,
  parseOllamaEmbed,
  parseOllamaEmbeddings,
  toOllamaEmbed,
  toOllamaEmbeddings,
} from '../../wire/ollama/embed.ts'
import { inputsOf } from '../../wire/validation/inputs.ts'
import { callOptionsOf } from '../ask-chat.ts'
import { requireAble } from '../exchange.ts'
import { generate } from '../generate.ts'

/** `POST /api/embed` */
export const createOllamaEmbed = embedding(parseOllamaEmbed, (answer, model, startedAt) => {
  return toOllamaEmbed(answer, model, Math.round((performance.now() - startedAt) * 1e6))
})

/** `POST /api/embeddings`, which came before `/api/embed`. */
export const createOllamaEmbeddings = embedding(parseOllamaEmbeddings, toOllamaEmbeddings)

function embedding(
  parse: (body: unknown) => OllamaEmbedding,
  write: (answer: OpenAiAnswer, model: string, startedAt: number) => object,
) {
  return generate((body, { context }) => {
    const startedAt = performance.now()
    const request = parse(body)
    const { model, input } = request.asked
    const { length } = inputsOf(input)
    requireAnswerLimit('input', { prompts: length, choices: length }, context.settings)
    return {
      model,
      use: { inputs: input, answers: 0 },
      canAnswer: ({ embed }) => embed !== undefined,
      begin(exchange) {
        const json = async (route: Route, signal: AbortSignal) => {
          const asking = length === 0 ? noVectors() : ask(exchange, request, route, signal)
          const answer = await readJsonAnswer(exchange, asking, signal)
          const written = write(parseJson(answer.json) as OpenAiAnswer, String(model), startedAt)
          return { ...answer, json: JSON.stringify(written) }
        }
        return { json }
      },
    }
  })
}

async function ask(
  exchange: Exchange,
  { asked, ollama }: OllamaEmbedding,
  { engine, model }: Route,
  signal: AbortSignal,
): Promise<WholeAnswer> {
  requireEmbed(engine, model)
  const request = model === undefined ? asked : { ...asked, model }
  return engine.embed(request, signal, { ...callOptionsOf(exchange), ollama })
}

function requireEmbed(
  engine: Engine,
  model: string | undefined,
): asserts engine is Engine & Required<Pick<Engine, 'embed'>> {
  requireAble(engine, 'embed', model)
}

/** For a request without a text: Ollama loads the model then, and answers so. */
async function noVectors(): Promise<WholeAnswer> {
  return { kind: 'whole', json: '{"data":[]}', repaired: [] }
}
