// The engine's worker for the programs of test/field: web-llm's engine over a stand-in for its pipeline. What
// the model says is asked of whoever drives the page, over a channel that the page forwards.

import type { MlcChunk } from '../../src/engines/webllm/mlc-types.ts'
import type { Mlc, ModelRecord } from '../../src/engines/webllm/webllm.ts'
import { runEngine } from '../../src/engines/webllm/worker.ts'
import { type FieldNews, type FieldReply, MODEL } from '../field/tab-words.ts'
import { createStandIn, record } from '../support/mlc.ts'
import { lendGpu } from './no-gpu.ts'

lendGpu()

const channel = new BroadcastChannel('field')
const waiting = new Map<number, (reply: FieldReply) => void>()
let count = 0

channel.addEventListener('message', ({ data }: MessageEvent<FieldReply>) => {
  waiting.get(data.id)?.(data)
  waiting.delete(data.id)
})

const tell = (news: FieldNews) => channel.postMessage(news)

const { mlc, script } = createStandIn({ context: 1e7 })
const chatCompletion: Mlc['chatCompletion'] = mlc.chatCompletion.bind(mlc)

mlc.chatCompletion = async (request) => {
  const id = ++count
  const reply = await new Promise<FieldReply>((resolve) => {
    waiting.set(id, resolve)
    tell({ id, request: structuredClone(request) })
  })
  Object.assign(script, { tokens: reply.tokens, tokenDelay: reply.gap })
  return told(id, await chatCompletion(request))
}

/** Tells of each chunk that is read, and whether all were. */
async function* told(id: number, chunks: AsyncIterable<MlcChunk>): AsyncGenerator<MlcChunk> {
  let isWhole = false
  try {
    for await (const chunk of chunks) {
      tell({ id, sent: true })
      yield chunk
    }
    isWhole = true
  } finally {
    tell({ id, isWhole })
  }
}

const model: ModelRecord = {
  ...record,
  model_id: MODEL,
  tool_form: 'Hermes-3-',
  overrides: { context_window_size: 262_144 },
}

runEngine(async () => ({ mlc, prebuilt: [model] }))
