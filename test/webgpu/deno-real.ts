// The Deno host with the engine of workers/real.ts: `--webgpu` where there is a model to test with.

import { nativeFetch } from '../../src/hosts/deno/fetch.ts'
import { startWebgpu } from '../../src/hosts/deno/webgpu.ts'
import { dial } from '../../src/hosts/node/dial.ts'
import { listen } from '../../src/hosts/node/listen.ts'
import { directFetch } from '../../src/hosts/server/direct-fetch.ts'
import { main } from '../../src/hosts/server/serve.ts'

const script = new URL('../workers/real.ts', import.meta.url)

await main(
  {
    name: 'deno',
    place: 'deno',
    fetch: directFetch(dial, nativeFetch),
    webgpu: (settings, onProgress) => startWebgpu(settings, onProgress, script),
    listen,
  },
  (globalThis as unknown as { Deno: { args: string[] } }).Deno.args,
)
