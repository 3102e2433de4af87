import type { Fetch } from '../../platform/fetch.ts'
import type { Processes } from '../../platform/process.ts'
import type { Clock } from './clock.ts'
import type { MemoryBudget, MemoryUser } from './memory.ts'

/** What all servers that sluice starts have in common. */
export interface ManagedContext {
  processes: Processes
  clock: Clock
  memory: MemoryBudget
  fetch: Fetch
  /** The most requests that wait for the start of one server. */
  maxWaiting: number
  /** Whether one of the servers, other than the one that asks, has a process that uses this port. */
  usesPort: (port: number, asking: MemoryUser) => boolean
  /** Called with what happened to a server, for people: `ready after 3 s`. */
  tell: (label: string, event: string) => void
}
