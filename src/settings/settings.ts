/** All settings of sluice, read. */
import type { Steps } from '../util/slices.ts'
import type { Declaration } from './declaration.ts'
import { type Warn, warnOnce } from './deprecated.ts'
import type { SettingsInput } from './generated/settings-input.ts'
import { settingsFromOtel } from './otel-environment.ts'
import { SettingsReader } from './reader.ts'
import { checkMemory, checkPorts } from './run.ts'
import { declarations } from './table/table.ts'
import type { Settings } from './types.ts'
import { runRules } from './upstream-item.ts'

export type { Warn } from './deprecated.ts'
export { SettingsError } from './error.ts'
export type { KeyInput, UpstreamInput } from './generated/entry-inputs.ts'
export type { SettingsInput } from './generated/settings-input.ts'
export type { Key } from './keys.ts'
export { keepAsRead } from './read-list.ts'
export type { Settings } from './types.ts'
export type { ResolvedUpstream } from './upstreams.ts'

/** Reads all settings; a handler of some parts has a reader of its own. */
export const allSettings = /* @__PURE__ */ new SettingsReader(declarations, {
  run: {
    ...runRules,
    checkAll(upstreams, memory) {
      checkMemory(upstreams, memory)
      checkPorts(upstreams, memory)
    },
  },
  fromEnvironment: settingsFromOtel,
})

/**
 * Checks settings and completes them with the defaults; what it returned may be given to it again.
 * `warn` is called for deprecated names; by default it writes to the console. Throws a `SettingsError`.
 *
 * @example
 * const { upstream, queue } = parseSettings({ upstream: 'gpu=http://10.0.0.2:8000/v1' })
 * console.log(upstream[0].label, queue) // gpu 100
 */
export function parseSettings(input: SettingsInput = {}, warn: Warn = warnOnce): Settings {
  return allSettings.parse(input, warn)
}

/** The declaration of a setting, by its name or by a former one. */
export function declarationOf(given: string): Declaration | undefined {
  return allSettings.declarationOf(given)
}

/** Every name that a setting has or had. */
export function settingNames(): string[] {
  return allSettings.names()
}

/** As `SettingsReader.readInSteps`. */
export function readSettingInSteps(
  name: string,
  value: unknown,
  shownAs: string,
  warn: Warn,
): Steps<unknown> {
  return allSettings.readInSteps(name, value, shownAs, warn)
}

/** As `SettingsReader.readText`. */
export function readTextSetting(name: string, text: unknown, shownAs: string, warn: Warn): unknown {
  return allSettings.readText(name, text, shownAs, warn)
}
