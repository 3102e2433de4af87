import type { SettingsInput } from '../settings.ts'
import { type Runtime, main as run, type Server, start } from './serve.ts'

const runtime: Runtime = {
  name: `deno ${Deno.version.deno}`,
  // Deno sees a client leave only once its headers are out, so that they wait less for a status.
  defaults: { headerWait: 1_000 },
  async listen({ fetch, port, hostname }) {
    // Without a listener of its own Deno prints a line to stdout, which belongs to the log.
    const server = Deno.serve({ port, hostname, onListen: () => {} }, fetch)
    return { port: server.addr.port, close: () => server.shutdown() }
  },
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
