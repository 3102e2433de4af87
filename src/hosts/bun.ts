import type { SettingsInput } from '../settings.ts'
import { dial } from './bun-dial.ts'
import { directPipe } from './bun-pipe.ts'
import { bunTerminal } from './bun-terminal.ts'
import { directFetch } from './direct-fetch.ts'
import { type Runtime, main as run, type Server, start } from './serve.ts'

const name = 'BUN_CONFIG_MAX_HTTP_REQUESTS'

const runtime: Runtime = {
  name: `bun ${Bun.version}`,
  fetch: directFetch(dial),
  framePipe: directPipe,
  terminal: bunTerminal,
  async listen({ fetch, port, hostname }) {
    // Without this Bun closes a stream that is quiet for 10 s: a model that loads, a long thought.
    // The largest body is for the settings to say, and for the handler to refuse in its own words.
    const maxRequestBodySize = Number.MAX_SAFE_INTEGER
    const server = Bun.serve({ fetch, port, hostname, idleTimeout: 0, maxRequestBodySize })
    return { port: server.port ?? port, close: () => server.stop() }
  },
}

/** Serves on Bun. Rejects with a `SettingsError`. */
export function serve(settings?: SettingsInput): Promise<Server> {
  return start(runtime, settings)
}

/** The `sluice` command on Bun. */
export function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  // Bun asks upstreams only 256 things at once, and reads the number that says otherwise only as it
  // starts: so it starts anew, in the same process.
  if (process.env[name] === undefined && process.platform !== 'win32') {
    const { execPath, execArgv, argv } = process
    process.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], {
      ...process.env,
      [name]: '65336',
    })
  }
  return run(runtime, args)
}

// Not awaited: Bun compiles ahead only what awaits nothing here.
if (import.meta.main) void main()
