import { dial } from './deno-dial.ts'
import { startWebgpu } from './deno-webgpu.ts'
import { directFetch } from './direct-fetch.ts'
import { listen } from './node-listen.ts'
import { nodePipe } from './node-pipe.ts'
import type { Runtime } from './serve.ts'

/**
 * What Deno gives. It listens not by `Deno.serve`: of a client that leaves before the headers went out, that tells only where
 * the whole request came in one small packet. `node:http` tells at once, and costs no more.
 */
export const runtime: Runtime = {
  name: `deno ${Deno.version.deno}`,
  fetch: directFetch(dial),
  framePipe: nodePipe,
  webgpu: startWebgpu,
  listen,
}
