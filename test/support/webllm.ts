import { Webllm, type WebllmOptions } from '../../src/engines/webllm/webllm.ts'
import type { ChatRequest } from '../../src/wire/chat/request.ts'
import { readAll } from './chunks.ts'
import { caller, createStandIn, embedder, other, record, type Script } from './mlc.ts'

export const never = new AbortController().signal
export const hello = [{ role: 'user' as const, content: 'Hello' }]

/** The engine over a stand-in, with short ways to ask it. */
export function create(script: Partial<Script> = {}, options: Partial<WebllmOptions> = {}) {
  const standIn = createStandIn(script)
  const engine = new Webllm(standIn.mlc, { records: [record, other, caller, embedder], ...options })
  const ask = async (request: Partial<ChatRequest> = {}, signal = never) => {
    const full = { model: record.model_id, messages: hello, stream: true, ...request }
    const answer = await engine.chat(full, signal)
    if (answer.kind !== 'chunks') throw new Error('expected chunks')
    return answer
  }
  return { ...standIn, engine, ask, say: async (request = {}) => readAll(await ask(request)) }
}
