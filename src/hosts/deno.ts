import type { SettingsInput } from '../settings/settings.ts'
import { dial } from './deno/dial.ts'
import { startWebgpu } from './deno/webgpu.ts'
import { listen } from './node/listen.ts'
import { nodePipe } from './node/pipe.ts'
import { directFetch } from './server/direct-fetch.ts'
import type { Runtime } from './server/runtime.ts'
import { main as run, type Server, start } from './server/serve.ts'

/**
 * Not by `Deno.serve`: of a client that leaves before the headers went out, that tells only where
 * the whole request came in one small packet. `node:http` tells at once, and costs no more.
 */
const runtime: Runtime = {
  name: `deno ${Deno.version.deno}`,
  fetch: directFetch(dial),
  framePipe: nodePipe,
  webgpu: startWebgpu,
  listen,
}

/** Serves on Deno. Rejects with a `SettingsError`. */
export function serve(settings?: SettingsInput): Promise<Server> {
  return start(runtime, settings)
}

/** The `sluice` command on Deno. */
export function main(args: readonly string[] = Deno.args): Promise<void> {
  return run(runtime, args)
}

if (import.meta.main) await main()
