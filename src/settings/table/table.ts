/** All settings. Flags, environment variables, the file, types, help and documentation derive from it. */
import type { Declaration } from '../declaration.ts'
import { access } from './access.ts'
import { engines } from './engines.ts'
import { limits } from './limits.ts'
import { logging } from './logging.ts'
import { network } from './network.ts'
import { webgpu } from './webgpu.ts'

export const settingsTable = {
  ...network,
  ...access,
  ...engines,
  ...webgpu,
  ...limits,
  ...logging,
}

export type SettingName = keyof typeof settingsTable

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
}
