import { safeHeaders } from '../wire/headers/safe-headers.ts'
import { collect, Fold, type Folding } from './chat-accumulator.ts'
import type { AnswerStream, AnyContract, ChatStream, ChunkOf, NativeStream } from './chat-stream.ts'
import type { Exchange } from './exchange.ts'

/** A whole answer's JSON, and the response headers the engine wants a client to see. */
export interface JsonAnswer {
  json: string
  headers?: Record<string, string> | undefined
}

/** Answers with one completion. Rejects with an `ApiError`, or with why the exchange ended. */
export async function jsonAnswerResponse(
  exchange: Exchange,
  asking: Promise<JsonAnswer>,
): Promise<Response> {
  const { json, headers } = await exchange.orStop(asking)
  exchange.finish()
  return new Response(json, {
    headers: { 'content-type': 'application/json', ...safeHeaders(headers) },
  })
}

/** The engine's own JSON, or its stream folded into one. Rejects with what ends it before. */
export async function readJsonAnswer(
  exchange: Exchange,
  answering: Promise<ChatStream | NativeStream>,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  return readFolded(exchange, answering, new Fold(), signal)
}

/** The same in any API: `fold` adds up what comes as a stream. */
export async function readFolded<C extends AnyContract>(
  exchange: Exchange,
  answering: Promise<AnswerStream<C>>,
  fold: Folding<ChunkOf<C>>,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  const answer = await answering
  // It was given up meanwhile, and another one is asked.
  signal.throwIfAborted()
  exchange.begin(answer)
  const { headers } = answer
  if (answer.kind === 'whole') return { json: answer.json, headers }
  if (answer.kind === 'frames') throw new TypeError('an engine answered with frames unasked')
  const completion = await collect(answer, fold, () => exchange.advance(performance.now()))
  return { json: JSON.stringify(completion), headers }
}
