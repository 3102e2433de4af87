/** Runs web-llm in a worker, in a browser or in Deno; others use it over message ports. */

import { lazyMlc } from '../src/engines/webllm/lazy-mlc.ts'
import type { Mlc, ModelRecord } from '../src/engines/webllm/webllm.ts'
import { runEngine } from '../src/engines/webllm/worker.ts'
import { ApiError } from '../src/wire/errors/api-error.ts'
import { prepareDeno } from './deno.ts'
import prebuilt from './webllm-models.json' with { type: 'json' }

const isDeno = 'Deno' in globalThis

runEngine(async () => {
  prepareDeno()
  // A server says when it starts that the package is missing. A page fetches 6 MB only to run a model.
  const mlc = isDeno ? await loadMlc() : lazyMlc(loadMlc)
  return { mlc, prebuilt: prebuilt as ModelRecord[] }
})

async function loadMlc(): Promise<Mlc> {
  const { MLCEngine } = await import('@mlc-ai/web-llm').catch(missing)
  return new MLCEngine({ logLevel: 'SILENT' }) as unknown as Mlc
}

function missing(cause: unknown): never {
  const message = isDeno
    ? 'web-llm: the npm package could not be loaded; install it with: npm install @mlc-ai/web-llm@0.2.86'
    : 'web-llm: its file could not be loaded from the server of this page; read the log of that server, and reload the page.'
  throw new ApiError(503, message, { code: 'webllm_missing', cause })
}
