import type { ServerOptions } from '../options.ts'
import { runtime } from './bun/runtime.ts'
import { main as run, type Server } from './server/serve.ts'
import { startWith } from './server/start-with.ts'

export type { Server, ServerOptions }

/** What Bun reads only as it starts. */
const atStart = {
  // It asks upstreams only 256 things at once by default.
  BUN_CONFIG_MAX_HTTP_REQUESTS: '65336',
  // Milliseconds that freed memory is kept. By default it goes back to the system at once, packet by
  // packet: a flood is an eighth slower.
  MIMALLOC_PURGE_DELAY: '1000',
}

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
  const isSet = Object.keys(atStart).every((name) => process.env[name] !== undefined)
  // It starts anew, in the same process.
  if (!isSet && process.platform !== 'win32') {
    const { execPath, execArgv, argv } = process
    process.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], {
      ...atStart,
      ...process.env,
    })
  }
  return run(runtime, args)
}

// Not awaited: Bun compiles ahead only what awaits nothing here.
if (import.meta.main) void main()
