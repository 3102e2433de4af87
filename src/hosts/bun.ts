import type { ServerOptions } from '../options.ts'
import { runtime } from './bun/runtime.ts'
import { main as run, type Server } from './server/serve.ts'
import { startWith } from './server/start-with.ts'

export type { Server, ServerOptions }

/** Environment variables that Bun reads only when it starts. */
const startEnvironment = {
  // By default Bun's fetch has at most 256 requests in progress.
  BUN_CONFIG_MAX_HTTP_REQUESTS: '65336',
  // Milliseconds for which freed memory is kept. By default it is returned to the system after each
  // packet, which takes an eighth of the throughput.
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
  const isSet = Object.keys(startEnvironment).every((name) => process.env[name] !== undefined)
  // `execve` starts Bun again in the same process, now with these variables.
  if (!isSet && process.platform !== 'win32') {
    const { execPath, execArgv, argv } = process
    process.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], {
      ...startEnvironment,
      ...process.env,
    })
  }
  return run(runtime, args)
}

// Not awaited: Bun makes bytecode only of a module without a top-level `await`.
if (import.meta.main) void main()
