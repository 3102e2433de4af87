// The engine's worker over the stand-in pipeline: in the place of worker/engine.ts, for tests.
// The name of the model says how it behaves: `endless`, or `fast` for as many tokens as there is time.

import { runEngine } from '../../src/engines/webllm/worker.ts'
import type { ModelRecord } from '../../src/engines/webllm.ts'
import { createStandIn, record } from '../support/mlc.ts'

const named = (model_id: string): ModelRecord => ({ ...record, model_id })

/** It needs no GPU; what looks for one finds what it wants. */
Object.defineProperty(navigator, 'gpu', {
  value: {
    requestAdapter: async () => ({
      features: new Set(),
      limits: { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 31 },
      info: { description: 'stand-in' },
    }),
  },
})

runEngine(async () => {
  const { mlc, script } = createStandIn({ loadDelay: 300, tokenDelay: 5, context: 1e6 })
  const { chatCompletion } = mlc
  mlc.chatCompletion = (request) => {
    script.isEndless = request.model !== 'stand-in'
    script.tokenDelay = request.model === 'fast' ? 0 : 5
    return chatCompletion.call(mlc, request)
  }
  return { mlc, prebuilt: ['stand-in', 'endless', 'fast'].map(named) }
})
