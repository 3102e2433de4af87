import type { SettingsInput } from '../settings/settings.ts'
import { dial } from './node/dial.ts'
import { patientFetch } from './node/fetch.ts'
import { listen } from './node/listen.ts'
import { nodePipe } from './node/pipe.ts'
import { requireNode } from './node/version.ts'
import { directFetch } from './server/direct-fetch.ts'
import { refuse } from './server/process.ts'
import type { Runtime } from './server/runtime.ts'
import { main as run, type Server, start } from './server/serve.ts'

const runtime: Runtime = {
  name: `node ${process.versions.node}`,
  fetch: directFetch(dial, patientFetch),
  framePipe: nodePipe,
  listen,
}

/** Serves on Node. Rejects with a `SettingsError`. */
export async function serve(settings?: SettingsInput): Promise<Server> {
  requireNode(process.versions.node)
  return start(runtime, settings)
}

/** The `sluice` command on Node. */
export async function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  try {
    requireNode(process.versions.node)
  } catch (error) {
    refuse(error)
  }
  return run(runtime, args)
}

if (import.meta.main) void main()
