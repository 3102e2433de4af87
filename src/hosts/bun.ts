import type { SettingsInput } from '../settings/settings.ts'
import { runtime } from './bun/runtime.ts'
import { main as run, type Server, start } from './server/serve.ts'

/** What Bun reads only as it starts. */
const atStart = {
  // It asks upstreams only 256 things at once by default.
  BUN_CONFIG_MAX_HTTP_REQUESTS: '65336',
  // Milliseconds that freed memory is kept. By default it goes back to the system at once, packet by
  // packet: a flood is an eighth slower.
  MIMALLOC_PURGE_DELAY: '1000',
}

/** Serves on Bun. Rejects with a `SettingsError`. */
export function serve(settings?: SettingsInput): Promise<Server> {
  return start(runtime, settings)
}

/** The `sluice` command on Bun. */
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
