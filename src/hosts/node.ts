import type { SettingsInput } from '../settings/settings.ts'
import { runtime } from './node/runtime.ts'
import { requireNode } from './node/version.ts'
import { refuse } from './server/process.ts'
import { main as run, type Server, start } from './server/serve.ts'

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
