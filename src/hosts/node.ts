import type { ServerOptions } from '../options.ts'
import { compileSooner } from './node/compile-sooner.ts'
import { withSmallNewSpace } from './node/new-space.ts'
import { runtime } from './node/runtime.ts'
import { requireNode } from './node/version.ts'
import { exitWithError } from './server/process.ts'
import { main as run, type Server } from './server/serve.ts'
import { startWith } from './server/start-with.ts'

export type { Server, ServerOptions }

/**
 * Listens on a port of this machine and serves the OpenAI and Anthropic APIs there, by default at
 * `http://127.0.0.1:8787`. Servers that run on this machine are found where no upstream and no engine
 * is named. Rejects with a `SettingsError` for an option that is wrong or that Node can't honour, and
 * where other machines could use it without `keys`, `authenticate` or `insecure: true`.
 *
 * @example
 * const server = await serve({ port: 0, staticText: 'Hello!' })
 * console.log(server.url) // http://127.0.0.1:49152
 * await server.stop()
 */
export async function serve(options?: ServerOptions): Promise<Server> {
  requireNode(process.versions.node)
  return startWith(runtime, options)
}

/**
 * The `sluice` command on Node.
 *
 * @example
 * await main(['--version'])
 */
export async function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  try {
    requireNode(process.versions.node)
  } catch (error) {
    exitWithError(error)
  }
  compileSooner()
  return run(withSmallNewSpace(runtime), args)
}

if (import.meta.main) void main()
