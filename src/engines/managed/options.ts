import { PORT } from '../../settings/command.ts'
import { runOptions } from '../../settings/run-options.ts'
import type { ResolvedUpstream } from '../../settings/upstreams.ts'
import type { HealthTarget } from './health.ts'

/** How a server is started and stopped. Times are milliseconds. */
export interface ManagedOptions {
  label: string
  command: readonly string[]
  /** Undefined for a free one. */
  port: number | undefined
  env: Readonly<Record<string, string>>
  cwd: string | undefined
  health: HealthTarget['health']
  key: string | undefined
  startTimeout: number
  /** 0 for never. */
  idle: number
  stopTimeout: number
  /** Bytes. */
  memory: number
  preload: boolean
}

export function managedOptions(upstream: ResolvedUpstream & { run: string[] }): ManagedOptions {
  const { label, run: command, port, env = {}, cwd, health, key } = upstream
  const {
    startTimeout = runOptions.startTimeout.default,
    idle = runOptions.idle.default,
    stopTimeout = runOptions.stopTimeout.default,
    preload = runOptions.preload.default,
    memory = 0,
  } = upstream
  return {
    ...{ label, command, port, env, cwd, health, key },
    ...{ startTimeout, idle, stopTimeout, memory, preload },
  }
}

/** What a process depends on: where it is the same after a reload, the process goes on. */
export function identityOf({ label, command, port, env, cwd, health, key }: ManagedOptions) {
  return JSON.stringify([label, command, port, env, cwd, health, key])
}

/** Environment variables in which the port stands for `${PORT}`. */
export function environmentOf({ env }: ManagedOptions, port: number): Record<string, string> {
  const withPort = ([name, value]: [string, string]) => [name, value.replaceAll(PORT, String(port))]
  return Object.fromEntries(Object.entries(env).map(withPort))
}
