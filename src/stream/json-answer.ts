import { safeHeaders } from '../util/safe/headers.ts'
import { type Accumulator, ChatAccumulator, collectStream } from './chat-accumulator.ts'
import type { AnswerStream, AnyContract, ChatStream, ChunkOf, NativeStream } from './chat-stream.ts'
import type { Exchange } from './exchange.ts'

/** The JSON of a complete answer, and the engine's response headers that a client may see. */
export interface JsonAnswer {
  json: string
  headers?: Record<string, string> | undefined
}

/**
 * The response for a complete answer. Rejects with an `ApiError`, or with the reason why the
 * exchange ended.
 */
export async function jsonAnswerResponse(
  exchange: Exchange,
  asking: Promise<JsonAnswer>,
): Promise<Response> {
  const { json, headers } = await exchange.untilEnd(asking)
  exchange.finish()
  return new Response(json, {
    headers: { 'content-type': 'application/json', ...safeHeaders(headers) },
  })
}

/**
 * An engine's answer to a chat as JSON; a stream is accumulated. Rejects with what ends it early.
 */
export async function readJsonAnswer(
  exchange: Exchange,
  answering: Promise<ChatStream | NativeStream>,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  return readAccumulated(exchange, answering, new ChatAccumulator(), signal)
}

/** Like `readJsonAnswer`, for any API: `accumulator` collects its stream. */
export async function readAccumulated<C extends AnyContract>(
  exchange: Exchange,
  answering: Promise<AnswerStream<C>>,
  accumulator: Accumulator<ChunkOf<C>>,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  const answer = await answering
  // This attempt was aborted meanwhile, and another engine is tried.
  signal.throwIfAborted()
  exchange.begin(answer)
  const { headers } = answer
  if (answer.kind === 'whole') return { json: answer.json, headers }
  if (answer.kind === 'frames')
    throw new TypeError(
      'an engine answered with frames; only chunks or a complete answer can be collected here',
    )
  const completion = await collectStream(answer, accumulator, () =>
    exchange.advance(performance.now()),
  )
  return { json: JSON.stringify(completion), headers }
}
