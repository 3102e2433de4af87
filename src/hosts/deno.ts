import type { DenoServerOptions } from '../options.ts'
import { runtime } from './deno/runtime.ts'
import { main as run, type Server } from './server/serve.ts'
import { startWith } from './server/start-with.ts'

export type { DenoServerOptions, Server }

/**
 * Listens on a port of this machine and serves the OpenAI and Anthropic APIs there, by default at
 * `http://127.0.0.1:8787`. Servers that run on this machine are found where no upstream and no engine
 * is named. Rejects with a `SettingsError` for an option that is wrong or that Deno can't honour, and
 * where other machines could use it without `keys`, `authenticate` or `insecure: true`.
 *
 * @example
 * const server = await serve({ port: 0, staticText: 'Hello!' })
 * console.log(server.url) // http://127.0.0.1:49152
 * await server.stop()
 */
export function serve(options?: DenoServerOptions): Promise<Server> {
  return startWith(runtime, options)
}

/**
 * The `sluice` command on Deno.
 *
 * @example
 * await main(['--version'])
 */
export function main(args: readonly string[] = Deno.args): Promise<void> {
  return run(runtime, args)
}

if (import.meta.main) await main()
