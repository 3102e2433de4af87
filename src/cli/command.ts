import { readFile, stat } from 'node:fs/promises'
import { deprecations, formerNamesIn, withNewNames } from '../settings/deprecated.ts'
import { CONFIG_FILE, settingsFromEnv } from '../settings/environment.ts'
import {
  located,
  readSettingsFile,
  type SettingsFile,
  unknownInFile,
  withLine,
} from '../settings/file.ts'
import {
  fields,
  parseSettings,
  readSetting,
  type Settings,
  SettingsError,
  type SettingsInput,
  type Warn,
} from '../settings/settings.ts'
import { VERSION } from '../version.ts'
import { readFlags } from './flags.ts'
import { helpText } from './help.ts'

/** The settings file that is read where none is named, if it is there. */
const DEFAULT_FILE = 'sluice.json'

/** What is to be served, and by which settings. */
export interface ServeCommand {
  settings: Settings
  /** The deprecated names and settings that are in use, a sentence each. */
  warnings: readonly string[]
  /** The settings file, if there is one. */
  file?: string
  /** What `stampOf` said of it before it was read. */
  stamp?: string
  /** Reads all settings again. Rejects with a `SettingsError`. */
  read(): Promise<Pick<ServeCommand, 'settings' | 'warnings'>>
}

/**
 * What a command line asks to be served; where it asks for words instead, those. Rejects with a
 * `SettingsError`. Flags go before the environment, that before the settings file.
 */
export async function readCommand(
  args: readonly string[],
  hostDefaults: SettingsInput = {},
): Promise<ServeCommand | string> {
  const flagWarnings: string[] = []
  const line = readFlags(args, (warning) => flagWarnings.push(warning))
  if (line.help) return helpText()
  if (line.version) return `${VERSION}\n`
  if (line.command === 'key') return (await import('./tools/key.ts')).newKey(line.words)
  if (line.command === 'schema') {
    const { settingsSchema } = await import('./schema.ts')
    return `${JSON.stringify(settingsSchema(), null, 2)}\n`
  }
  const path = line.config ?? (process.env[CONFIG_FILE] || undefined)
  const file = path ?? ((await stampOf(DEFAULT_FILE)) === GONE ? undefined : DEFAULT_FILE)

  async function read() {
    const warnings = [...flagWarnings]
    const warn: Warn = (warning) => warnings.push(warning)
    const held = file === undefined ? undefined : await readFileAt(file)
    const given = { ...settingsFromEnv(process.env, warn), ...line.settings }
    const settings = located(held, () =>
      parseSettings({ ...hostDefaults, ...(held && valuesOf(held, warn)), ...given }, warn),
    )
    return { settings, warnings: [...warnings, ...deprecations(settings)] }
  }
  const stamp = file === undefined ? undefined : await stampOf(file)
  return {
    ...(await read()),
    read,
    ...(file !== undefined && stamp !== undefined && { file, stamp }),
  }
}

/** What a file's stamp is where there is no file. */
const GONE = 'gone'

/** What is different of a file after it has changed. */
export async function stampOf(file: string): Promise<string> {
  return stat(file).then(
    ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
    () => GONE,
  )
}

async function readFileAt(path: string): Promise<SettingsFile> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new SettingsError(`--config: ${path} can't be read: ${cause.message}`, { cause })
  })
  return readSettingsFile(text, path)
}

function valuesOf(file: SettingsFile, warn: Warn): SettingsInput {
  const known = [...Object.keys(fields), ...Object.keys(formerNamesIn('settings'))]
  const tell: Warn = (warning) => warn(withLine(file, warning))
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(file.values)) {
    if (!known.includes(name)) throw unknownInFile(file, name, Object.keys(fields))
    values[name] = readSetting(name, value, name, tell)
  }
  return withNewNames('settings', values, tell)
}
