import { setInterval } from 'node:timers/promises'
import {
  engineChanges,
  enginesText,
  type Startup,
  startupText,
  terminalStyle,
} from '../../cli/startup.ts'
import type { EngineStatus } from '../../engines/registry/catalog.ts'
import type { Terminal } from './terminal.ts'

/** Milliseconds between two searches for servers on this machine. */
const discoveryInterval = 10_000

/** Prints the address and the engines, and from then on the engines that were added or removed. */
export async function reportEngines(
  { err }: Terminal,
  refresh: () => Promise<EngineStatus[]>,
  startup: Startup,
): Promise<void> {
  const style = terminalStyle(await err.isTerminal(), process.env)
  err.write(startupText(startup, style))
  let known = await refresh().catch(() => [])
  err.write(enginesText(known, startup, style))
  if (!startup.discover) return
  // Not referenced: the sockets alone keep the process alive.
  for await (const _ of setInterval(discoveryInterval, undefined, { ref: false })) {
    // Rejects while the server is being stopped.
    const found = await refresh().catch(() => known)
    err.write(engineChanges(known, found, style))
    known = found
  }
}
