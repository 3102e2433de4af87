import { nodeBodyWriter } from '../node/body-writer.ts'
import { listen } from '../node/listen.ts'
import { directFetch } from '../server/direct-fetch.ts'
import type { Runtime } from '../server/runtime.ts'
import { dial } from './dial.ts'
import { nativeFetch } from './fetch.ts'
import { startWebgpu } from './webgpu.ts'

/**
 * What Deno offers to a server. It listens with `node:http`, because `Deno.serve` reports a client that
 * disconnects before the response's headers only where its request came in one small packet. `node:http`
 * reports it at once, and costs no more.
 */
export const runtime: Runtime = {
  name: `deno ${Deno.version.deno}`,
  place: 'deno',
  fetch: directFetch(dial, nativeFetch),
  frameWriter: nodeBodyWriter,
  webgpu: startWebgpu,
  listen,
  mayPractise: () =>
    Deno.permissions.querySync({ name: 'net', host: '127.0.0.1' }).state === 'granted',
}
