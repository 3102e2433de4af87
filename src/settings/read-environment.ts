/** Settings out of environment variables, by the reader of a handler. */
import type { Steps } from '../util/slices.ts'
import { scanConfigText } from './config-text.ts'
import { type Warn, withNewNames } from './deprecated.ts'
import { unexpected } from './error.ts'
import type { SettingsInput } from './generated/settings-input.ts'
import { textProblem } from './json-messages.ts'
import { type JsonProblem, parseJsonc } from './jsonc.ts'
import type { SettingsReader } from './reader.ts'

/** The variable with the path of the settings file, which a flag overrides. */
export const CONFIG_FILE = 'SLUICE_CONFIG_FILE'

/** The variable by which `npm start` tells a server where it lends the page of the checkout. */
export const PAGE_SERVER = 'SLUICE_PAGE_SERVER'

/** The variable with the key that `sluice chat`, `check` and `record` send to a server. */
export const CLIENT_KEY = 'SLUICE_CLIENT_KEY'

/** The settings in an environment that a reader knows, in steps. Throws a `SettingsError`. */
export function* readEnvironment(
  reader: SettingsReader,
  env: Record<string, unknown>,
  warn: Warn,
): Steps<SettingsInput> {
  const names = new Map(reader.names().map((name) => [environmentName(name), name]))
  const settings: Record<string, unknown> = {}
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('SLUICE_') || variable === 'SLUICE_CONFIG') continue
    // Variables that are not settings; the tests read some of them.
    if (
      variable === CONFIG_FILE ||
      variable === CLIENT_KEY ||
      variable === PAGE_SERVER ||
      variable.startsWith('SLUICE_TEST_') ||
      isServiceLink(variable, value)
    )
      continue
    const name = names.get(variable)
    if (name === undefined)
      throw reader.unknown(variable, variable, [...names.keys(), 'SLUICE_CONFIG'])
    if (value === undefined || value === '') continue
    settings[name] = reader.readText(name, value, variable, warn)
  }
  return {
    ...reader.rules.fromEnvironment?.(reader, env, warn),
    ...(yield* readConfig(reader, env.SLUICE_CONFIG, warn)),
    ...withNewNames(reader.declarations, settings, warn, environmentName),
  }
}

/** Kubernetes sets such variables in each container next to a service with the name sluice. */
function isServiceLink(variable: string, value: unknown): boolean {
  if (/^SLUICE_(SERVICE_|PORT_\d)/.test(variable)) return true
  return variable === 'SLUICE_PORT' && String(value).startsWith('tcp://')
}

function* readConfig(
  reader: SettingsReader,
  config: unknown,
  warn: Warn,
): Steps<Record<string, unknown>> {
  if (config === undefined || config === '') return {}
  const value = typeof config === 'string' ? yield* parseText(config) : config
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unexpected('SLUICE_CONFIG', 'a JSON object', value)
  }
  const settings: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) {
    // Editors find the JSON Schema by it, in a settings file that may have been copied here.
    if (name === '$schema') continue
    settings[name] = yield* reader.readInSteps(name, item, `SLUICE_CONFIG: ${name}`, warn)
  }
  return withNewNames(
    reader.declarations,
    settings,
    warn,
    (name) => `SLUICE_CONFIG: ${name}`,
    (name) => name,
  )
}

function* parseText(text: string): Steps<unknown> {
  const scanner = scanConfigText(text)
  const refuse = (problem: JsonProblem) => textProblem('SLUICE_CONFIG', scanner, problem)
  return (yield* parseJsonc(scanner, refuse)).value
}

/** `SLUICE_HEADER_WAIT` for `headerWait`. */
export function environmentName(name: string): string {
  return `SLUICE_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`
}
