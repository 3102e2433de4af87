import { nodeBodyWriter } from '../node/body-writer.ts'
import { listen } from '../node/listen.ts'
import { directFetch } from '../server/direct-fetch.ts'
import type { Runtime } from '../server/runtime.ts'
import { dial } from './dial.ts'
import { nativeFetch } from './fetch.ts'
import { startWebgpu } from './webgpu.ts'

/**
 * What Deno gives. It does not listen by `Deno.serve`: of a client that leaves before the headers went
 * out, that tells only where the whole request came in one small packet. `node:http` tells at once, and
 * costs no more.
 */
export const runtime: Runtime = {
  name: `deno ${Deno.version.deno}`,
  place: 'deno',
  fetch: directFetch(dial, nativeFetch),
  frameWriter: nodeBodyWriter,
  webgpu: startWebgpu,
  listen,
}
