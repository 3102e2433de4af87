import type { SettingsInput } from '../settings/settings.ts'
import { runtime } from './deno/runtime.ts'
import { main as run, type Server, start } from './server/serve.ts'

/** Serves on Deno. Rejects with a `SettingsError`. */
export function serve(settings?: SettingsInput): Promise<Server> {
  return start(runtime, settings)
}

/** The `sluice` command on Deno. */
export function main(args: readonly string[] = Deno.args): Promise<void> {
  return run(runtime, args)
}

if (import.meta.main) await main()
