import { readFile, stat } from 'node:fs/promises'
import { withNewNames } from '../settings/deprecated.ts'
import { CONFIG_FILE, settingsFromEnv } from '../settings/environment.ts'
import {
  located,
  readSettingsFile,
  type SettingsFile,
  unknownInFile,
  withLine,
} from '../settings/file.ts'
import {
  parseSettings,
  readSetting,
  type Settings,
  SettingsError,
  type SettingsInput,
  settingNames,
  type Warn,
} from '../settings/settings.ts'
import { declarations } from '../settings/table/table.ts'
import { VERSION } from '../version.ts'
import { readFlags } from './flags.ts'
import { helpText } from './help.ts'

/** The settings files that are looked for where none is named. */
const DEFAULT_FILES = ['sluice.json', 'sluice.jsonc']

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
 * overrides the environment, which overrides the settings file. Rejects with a `SettingsError`.
 */
export async function readCommand(
  args: readonly string[],
  hostDefaults: SettingsInput = {},
): Promise<ServeCommand | string> {
  const flagWarnings: string[] = []
  const line = readFlags(args, (warning) => flagWarnings.push(warning))
  if (line.help && line.command === 'key') return (await import('./tools/key.ts')).keyHelp
  if (line.help) return helpText()
  if (line.version) return `${VERSION}\n`
  if (line.command === 'key') return (await import('./tools/key.ts')).newKey(line.words, line.admin)
  if (line.command === 'schema') {
    const { settingsSchema } = await import('./schema.ts')
    return `${JSON.stringify(settingsSchema(), null, 2)}\n`
  }
  const file = line.config ?? (process.env[CONFIG_FILE] || (await defaultFile()))

  async function read() {
    const warnings = [...flagWarnings]
    const warn: Warn = (warning) => warnings.push(warning)
    const held = file === undefined ? undefined : await readFileAt(file)
    const given = { ...settingsFromEnv(process.env, warn), ...line.settings }
    const settings = located(held, () =>
      parseSettings({ ...hostDefaults, ...(held && valuesOf(held, warn)), ...given }, warn),
    )
    return { settings, warnings }
  }
  const stamp = file === undefined ? undefined : await stampOf(file)
  return {
    ...(await read()),
    read,
    ...(file !== undefined && stamp !== undefined && { file, stamp }),
  }
}

/** The settings file in this folder, if there is one. Rejects with a `SettingsError` for two. */
async function defaultFile(): Promise<string | undefined> {
  const stamps = await Promise.all(DEFAULT_FILES.map(stampOf))
  const [file, other] = DEFAULT_FILES.filter((_, index) => stamps[index] !== GONE)
  if (other === undefined) return file
  throw new SettingsError(
    `--config: expected one settings file in this folder, found ${file} and ${other}; remove one, or name the one to use.`,
  )
}

/** What a file's stamp is where there is no file. */
const GONE = 'gone'

/** A text that is another one after the file has changed. */
export async function stampOf(file: string): Promise<string> {
  return stat(file).then(
    ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
    () => GONE,
  )
}

async function readFileAt(path: string): Promise<SettingsFile> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new SettingsError(
      `--config: cannot read ${path}: ${cause.message}; name a settings file that exists.`,
      { cause },
    )
  })
  return readSettingsFile(text, path)
}

function valuesOf(file: SettingsFile, warn: Warn): SettingsInput {
  const known = settingNames()
  const tell: Warn = (warning) => warn(withLine(file, warning))
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(file.values)) {
    if (!known.includes(name)) throw unknownInFile(file, name, Object.keys(declarations))
    values[name] = readSetting(name, value, name, tell)
  }
  return withNewNames(declarations, values, tell)
}
