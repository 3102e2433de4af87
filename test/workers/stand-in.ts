// The engine's worker over the stand-in pipeline: in the place of worker/engine.ts, for tests and
// measurements. The model's name says how it behaves.

import type { Mlc, ModelRecord } from '../../src/engines/webllm/webllm.ts'
import { runEngine } from '../../src/engines/webllm/worker.ts'
import { createStandIn, record, type Script } from '../support/mlc.ts'
import { lendGpu } from './no-gpu.ts'

const words = createStandIn().script.tokens

/** When it was made, on the clock that the page has too. */
const stamp = () => `${(performance.timeOrigin + performance.now()).toFixed(3)} `

const behaviours: Record<string, Partial<Script>> = {
  'stand-in': { tokenDelay: 5 },
  thinker: { tokenDelay: 5, tokens: ['<think>', 'Hm.', '</think>', 'Yes', '.'] },
  endless: { tokenDelay: 5, isEndless: true },
  breaks: { tokenDelay: 5, failToken: { at: 3, error: new Error('the GPU is gone') } },
  /** Each token is the time at which it was made; `paced` at 200 a second. */
  stamps: { isEndless: true, token: stamp },
  paced: { isEndless: true, token: stamp, tokenDelay: 5 },
}

lendGpu()

const { mlc, script, seen } = createStandIn({ loadDelay: 300, context: 1e6 })
const { chatCompletion } = mlc
mlc.chatCompletion = (request) => {
  const plain = { isEndless: false, tokenDelay: 0, tokens: words, failToken: undefined }
  delete script.token
  Object.assign(script, plain, behaviours[request.model])
  return chatCompletion.call(mlc, request)
}

runEngine(async () => ({
  mlc,
  prebuilt: Object.keys(behaviours).map((model_id): ModelRecord => ({ ...record, model_id })),
}))

const questions = new BroadcastChannel('stand-in')

/** What a measurement asks: when the last token was made, and how fast the bare engine is. */
questions.addEventListener('message', async ({ data }) => {
  if (data === 'last') {
    questions.postMessage({ last: performance.timeOrigin + seen.lastTokenAt })
  } else if (data?.bare) {
    questions.postMessage({ bare: await bareRate(mlc, data.bare, data.tokens) })
  }
})

/** Tokens a second of the engine alone, read where it runs. */
async function bareRate(engine: Mlc, model: string, tokens: number): Promise<number> {
  const answer = await engine.chatCompletion({
    model,
    messages: [{ role: 'user', content: 'Hello' }],
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: tokens,
  })
  let startedAt: number | undefined
  for await (const _ of answer) startedAt ??= performance.now()
  return ((tokens - 1) / (performance.now() - (startedAt ?? 0))) * 1000
}
