import type { ChatStream, NativeStream } from './chat-stream.ts'
import { collect } from './collect.ts'
import type { Exchange } from './exchange.ts'

/** A whole answer's JSON, and the response headers the engine wants a client to see. */
export interface Whole {
  json: string
  headers?: Record<string, string> | undefined
}

/** Answers with one completion. Rejects with an `ApiError`, or with why the exchange ended. */
export async function wholeResponse(exchange: Exchange, asking: Promise<Whole>): Promise<Response> {
  const { json, headers } = await exchange.orStop(asking)
  exchange.finish()
  return new Response(json, { headers: { 'content-type': 'application/json', ...headers } })
}

/** The engine's own JSON, or its stream folded into one. Rejects with what ends it before. */
export async function readWhole(
  exchange: Exchange,
  answering: Promise<ChatStream | NativeStream>,
  signal: AbortSignal,
): Promise<Whole> {
  const answer = await answering
  // It was given up meanwhile, and another one is asked.
  signal.throwIfAborted()
  exchange.begin(answer)
  return { json: await read(answer, exchange), headers: answer.headers }
}

async function read(answer: ChatStream | NativeStream, exchange: Exchange): Promise<string> {
  if (answer.kind === 'whole') return answer.json
  if (answer.kind === 'frames') throw new TypeError('an engine answered with frames unasked')
  return JSON.stringify(await collect(answer, () => exchange.advance(performance.now())))
}
