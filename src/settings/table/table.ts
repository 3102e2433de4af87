/** All settings. Flags, environment variables, the file, types, help and documentation derive from it. */
import type { Declaration } from '../declaration.ts'
import { access } from './access.ts'
import { engines } from './engines.ts'
import { limits } from './limits.ts'
import { logging } from './logging.ts'
import { network } from './network.ts'
import { state } from './state.ts'
import { telemetry } from './telemetry.ts'
import { tracing } from './tracing.ts'
import { webgpu } from './webgpu.ts'

export const settingsTable = {
  ...network,
  ...access,
  ...engines,
  ...webgpu,
  ...limits,
  ...logging,
  ...telemetry,
  ...tracing,
  ...state,
}

type Table = typeof settingsTable
export type SettingName = keyof Table

/** Settings that only Deno can honour. */
export type DenoSetting = {
  [N in SettingName]: Table[N] extends { where: readonly ['deno'] } ? N : never
}[SettingName]

/** Settings that only `sluice` on workerd can honour, which no code starts. */
type WorkerdSetting = {
  [N in SettingName]: Table[N] extends { where: readonly ['workerd'] } ? N : never
}[SettingName]

/** Settings that every server can honour, or most, but not a handler in code. */
export type ServerSetting = {
  [N in SettingName]: Table[N] extends { where: readonly (infer P)[] }
    ? 'code' extends P
      ? never
      : Exclude<N, DenoSetting | WorkerdSetting>
    : never
}[SettingName]

/** The same, where any name may come. */
export const declarations: Readonly<Record<string, Declaration>> = settingsTable

/** The titles under which `--help` and the documentation show them. */
export const groups: Readonly<Record<string, Readonly<Record<string, Declaration>>>> = {
  Network: network,
  Access: access,
  Engines: engines,
  WebGPU: webgpu,
  'Timeouts and limits': limits,
  Logging: logging,
  Telemetry: telemetry,
  Tracing: tracing,
  'Shared state': state,
}
