import type { Server } from '../support/server.ts'
import type { Target } from './messages.ts'
import type { SoakOptions } from './options.ts'
import type { Recorder } from './record.ts'
import type { Secrets, SettingsFile } from './setup.ts'
import type { WorkerProcess } from './worker-process.ts'

/** Everything that runs during a soak. */
export interface Scene {
  options: SoakOptions
  recorder: Recorder
  secrets: Secrets
  files: Record<Target, SettingsFile>
  servers: Record<Target, Server>
  /** By the names under which their shares of a core are told. */
  workers: Record<'healthy' | 'hostile' | 'client' | 'attackers', WorkerProcess>
  tell(line: string): void
  /** The name of the phase. */
  phase: string
  target: Target | undefined
  /** The share of the rates in the table at which the attackers attack. */
  rate: number
}
