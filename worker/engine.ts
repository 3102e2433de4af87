/** Runs web-llm in a worker, in a browser or in Deno; others use it over message ports. */

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
    'web-llm: the npm package could not be loaded; install it with: npm install @mlc-ai/web-llm@0.2.86'
  throw new ApiError(503, message, { code: 'webllm_missing', cause })
}
