/** web-llm in a worker of its own, in a browser as in Deno, behind message ports. */

import type { Mlc, ModelRecord } from '../src/engines/webllm/webllm.ts'
import { runEngine } from '../src/engines/webllm/worker.ts'
import { ApiError } from '../src/wire/errors/api-error.ts'
import { prepareDeno } from './deno.ts'

runEngine(async () => {
  prepareDeno()
  const { MLCEngine, prebuiltAppConfig } = await import('@mlc-ai/web-llm').catch(missing)
  return {
    mlc: new MLCEngine({ logLevel: 'SILENT' }) as unknown as Mlc,
    prebuilt: prebuiltAppConfig.model_list as ModelRecord[],
  }
})

function missing(cause: unknown): never {
  const message =
    'web-llm could not be loaded; if it is not installed: npm install @mlc-ai/web-llm@0.2.86'
  throw new ApiError(503, message, { code: 'webllm_missing', cause })
}
