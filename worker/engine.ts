/** web-llm in a worker of its own, in a browser as in Deno, behind message ports. */

import { runEngine } from '../src/engines/webllm/worker.ts'
import type { Mlc, ModelRecord } from '../src/engines/webllm.ts'
import { prepareDeno } from './deno.ts'

runEngine(async () => {
  prepareDeno()
  const { MLCEngine, prebuiltAppConfig } = await import('@mlc-ai/web-llm')
  return {
    mlc: new MLCEngine({ logLevel: 'SILENT' }) as unknown as Mlc,
    prebuilt: prebuiltAppConfig.model_list as ModelRecord[],
  }
})
