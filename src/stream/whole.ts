import type { ChatStream } from './chat-stream.ts'
import { collect } from './collect.ts'
import type { Exchange } from './exchange.ts'

/**
 * Answers with one completion: the engine's own JSON, or its stream folded into one. Rejects with
 * an `ApiError`.
 */
export async function wholeResponse(
  exchange: Exchange,
  ask: (signal: AbortSignal) => Promise<ChatStream>,
): Promise<Response> {
  const answer = await exchange.orStop(ask(exchange.signal))
  exchange.begin(answer)
  const json = await exchange.orStop(read(answer, exchange))
  exchange.finish()
  return new Response(json, {
    headers: { 'content-type': 'application/json', ...answer.headers },
  })
}

async function read(answer: ChatStream, exchange: Exchange): Promise<string> {
  if (answer.kind === 'whole') return answer.json
  if (answer.kind === 'frames') throw new TypeError('an engine answered with frames unasked')
  return JSON.stringify(await collect(answer, () => exchange.advance(performance.now())))
}
