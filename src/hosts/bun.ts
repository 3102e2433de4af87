import type { ServerOptions } from '../options.ts'
import { runtime } from './bun/runtime.ts'
import { startAgainWithEnvironment } from './bun/start-environment.ts'
import { main as run, type Server } from './server/serve.ts'
import { startWith } from './server/start-with.ts'

export type { Server, ServerOptions }

/**
 * Listens on a port of this machine and serves the OpenAI and Anthropic APIs there, by default at
 * `http://127.0.0.1:8787`. Servers that run on this machine are found where no upstream and no engine
 * is named. Rejects with a `SettingsError` for an option that is wrong or that Bun can't honour, and
 * where other machines could use it without `keys`, `authenticate` or `insecure: true`.
 *
 * @example
 * const server = await serve({ port: 0, staticText: 'Hello!' })
 * console.log(server.url) // http://127.0.0.1:49152
 * await server.stop()
 */
export function serve(options?: ServerOptions): Promise<Server> {
  return startWith(runtime, options)
}

/**
 * The `sluice` command on Bun.
 *
 * @example
 * await main(['--version'])
 */
export function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  startAgainWithEnvironment(process.argv.slice(1))
  return run(runtime, args)
}

// Not awaited: Bun makes bytecode only of a module without a top-level `await`.
if (import.meta.main) void main()
