import { withNewNames } from '../settings/deprecated.ts'
import { CONFIG_FILE, envInSteps } from '../settings/environment.ts'
import {
  located,
  readSettingsFile,
  type SettingsFile,
  unknownInFile,
  withLine,
} from '../settings/file.ts'
import {
  keepAsRead,
  parseSettings,
  readSettingInSteps,
  type Settings,
  SettingsError,
  type SettingsInput,
  settingNames,
  type Warn,
} from '../settings/settings.ts'
import { holdsPassword } from '../settings/state-url.ts'
import { declarations } from '../settings/table/table.ts'
import { isObject } from '../util/object.ts'
import { inSlices, type Steps } from '../util/slices.ts'
import { VERSION } from '../version.ts'
import { readFlags } from './flags.ts'
import { exists, readFromDisk, stampOf } from './settings-file.ts'

/** The settings files that are looked for where none is named. */
const DEFAULT_FILES = ['sluice.json', 'sluice.jsonc']

/** Warnings that are shown: a deprecated name in each of ten thousand keys needs no line for each. */
const MAX_WARNINGS = 20

/** A command to serve, and its settings. */
export interface ServeCommand {
  settings: Settings
  /** The deprecated names and settings that are in use, a sentence each. */
  warnings: readonly string[]
  /** The settings file, if there is one. */
  file?: string
  /** What `stampOf` returned for it before it was read. */
  stamp?: string
  /** Reads all settings again. Rejects with a `SettingsError`. */
  read(): Promise<Pick<ServeCommand, 'settings' | 'warnings'>>
}

/**
 * Reads a command line: the command to serve, or the text to print where it asks for that. A flag
 * overrides the environment, which overrides the settings file. `build` is printed behind the version.
 * Rejects with a `SettingsError`.
 */
export async function readCommand(
  args: readonly string[],
  hostDefaults: SettingsInput = {},
  build?: string,
): Promise<ServeCommand | string> {
  const flagWarnings: string[] = []
  const line = readFlags(args, (warning) => flagWarnings.push(warning))
  if (line.help && line.command === 'key') return (await import('./tools/key.ts')).keyHelp
  if (line.help) return (await import('./help.ts')).helpText()
  if (line.version) return build === undefined ? `${VERSION}\n` : `${VERSION} (${build})\n`
  if (line.command === 'key') return (await import('./tools/key.ts')).newKey(line.words, line.roles)
  if (line.command === 'schema') {
    const { settingsSchema } = await import('./schema.ts')
    return `${JSON.stringify(settingsSchema(), null, 2)}\n`
  }
  const file = line.config ?? (process.env[CONFIG_FILE] || (await defaultFile()))

  async function read() {
    const warnings = [...flagWarnings]
    const warn: Warn = (warning) => warnings.push(warning)
    const held = file === undefined ? undefined : await readFileAt(file, warn)
    const settings = await inSlices(
      located(held, settingsFrom(held, hostDefaults, line.settings, warn)),
    )
    return { settings, warnings: shortened(warnings) }
  }
  const stamp = file === undefined ? undefined : await stampOf(file)
  return {
    ...(await read()),
    read,
    ...(file !== undefined && stamp !== undefined && { file, stamp }),
  }
}

/** The settings of the command, the environment and the file, in steps; nothing is in force before. */
function* settingsFrom(
  file: SettingsFile | undefined,
  hostDefaults: SettingsInput,
  flags: SettingsInput,
  warn: Warn,
): Steps<Settings> {
  const held = file && (yield* valuesOf(file, warn))
  const env = yield* envInSteps(process.env, warn)
  const given = { ...hostDefaults, ...held, ...env, ...flags }
  keepAsRead(given)
  return parseSettings(given, warn)
}

function shortened(warnings: string[]): string[] {
  const rest = warnings.length - MAX_WARNINGS
  if (rest <= 0) return warnings
  return [...warnings.slice(0, MAX_WARNINGS), `There are ${rest} more warnings of this kind.`]
}

/** The settings file in this folder, if there is one. Rejects with a `SettingsError` for two. */
export async function defaultFile(): Promise<string | undefined> {
  const there = await Promise.all(DEFAULT_FILES.map(exists))
  const [file, other] = DEFAULT_FILES.filter((_, index) => there[index])
  if (other === undefined) return file
  throw new SettingsError(
    `--config: expected one settings file in this folder, found ${file} and ${other}; remove one, or name the one to use.`,
  )
}

/** Rejects with a `SettingsError`. */
export async function readFileAt(path: string, warn: Warn): Promise<SettingsFile> {
  const { text, isPublic } = await readFromDisk(path)
  // Loaded for a file alone: a start without one does without it.
  const { createScanner } = await import('jsonc-parser')
  const file = await inSlices(readSettingsFile(text, path, (given) => createScanner(given)))
  const secret = secretIn(file.values)
  if (isPublic && secret !== undefined) {
    warn(
      `${path}: all users of this machine may read this file, which has ${secret}; allow only yourself: chmod 600 ${path}`,
    )
  }
  return file
}

/** The keys of clients are hashes, which everyone may read. */
function secretIn({ upstreamKey, upstream, otlpHeaders, state }: Record<string, unknown>) {
  const keys = Array.isArray(upstream) ? upstream.map((each) => isObject(each) && each.key) : []
  const isGiven = Array.isArray(upstreamKey) ? upstreamKey.some(Boolean) : Boolean(upstreamKey)
  if (isGiven || keys.some(Boolean)) return 'the key of an upstream'
  if (typeof state === 'string' && holdsPassword(state)) return 'the password of the store'
  return otlpHeaders === undefined ? undefined : 'the headers for an OTLP endpoint'
}

function* valuesOf(file: SettingsFile, warn: Warn): Steps<SettingsInput> {
  const known = settingNames()
  const tell: Warn = (warning) => warn(withLine(file, warning))
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(file.values)) {
    if (!known.includes(name)) throw unknownInFile(file, name, Object.keys(declarations))
    values[name] = yield* readSettingInSteps(name, value, name, tell)
  }
  return withNewNames(declarations, values, tell)
}
