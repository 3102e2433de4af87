/** Reads all settings, and says everything that is wrong with them, where a server says the first error only. */
import type { Place } from '../../settings/declaration.ts'
import { CONFIG_FILE, settingsFromEnv } from '../../settings/environment.ts'
import { type SettingsFile, unknownInFile, withLine } from '../../settings/file.ts'
import {
  declarationOf,
  parseSettings,
  readSettingInSteps,
  type Settings,
  SettingsError,
  type SettingsInput,
  settingNames,
} from '../../settings/settings.ts'
import { requireSupport } from '../../settings/support.ts'
import { declarations } from '../../settings/table/table.ts'
import { finish } from '../../util/slices.ts'
import { defaultFile, readFileAt } from '../command.ts'
import { readFlags } from '../flags.ts'

export interface GivenSettings {
  /** The path of the settings file, if there is one. */
  file: string | undefined
  /** Those that are right, with the defaults of the others. */
  settings: Settings
  /** The names of those that were given. */
  names: string[]
  /** What is wrong, a sentence each. */
  problems: string[]
  /** Deprecated names and the like, a sentence each. */
  warnings: string[]
}

type Variables = Readonly<Record<string, string | undefined>>

/** Never rejects for what a user wrote. */
export async function readGiven(
  args: readonly string[],
  env: Variables,
  place: Place,
): Promise<GivenSettings> {
  const reader = new Reader()
  const { warn } = reader
  const line = flagsOf(args, reader)
  const file = line?.config ?? (env[CONFIG_FILE] || (await reader.later(defaultFile())))
  const held = file === undefined ? undefined : await reader.later(readFileAt(file, warn))
  const given: SettingsInput = {
    ...(held && valuesOf(held, reader)),
    ...fromEnvironment(env, reader),
    ...line?.settings,
  }
  const settings = together(given, reader)
  requireAllSupported(given, place, reader)
  const { problems, warnings } = reader
  return { file, settings, names: Object.keys(given), problems, warnings }
}

/** The flags that are right: of a wrong one, the value that follows it is left out too. */
function flagsOf(args: readonly string[], reader: Reader) {
  const whole = silently(() => readFlags(args, reader.warn))
  if (whole !== undefined) return whole
  const groups: string[][] = []
  for (const arg of args) {
    const last = groups.at(-1)
    if (arg.startsWith('-') || last === undefined) groups.push([arg])
    else last.push(arg)
  }
  const right = groups.filter((group) => reader.attempt(() => readFlags(group)) !== undefined)
  return reader.attempt(() => readFlags(right.flat(), reader.warn))
}

function silently<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof SettingsError) return undefined
    throw error
  }
}

/** Collects what is wrong. */
class Reader {
  readonly problems: string[] = []
  readonly warnings: string[] = []

  readonly warn = (warning: string): void => {
    this.warnings.push(warning)
  }

  /** Undefined where it throws a `SettingsError`. `shown` completes the message. */
  attempt<T>(act: () => T, shown: (message: string) => string = (message) => message) {
    try {
      return act()
    } catch (error) {
      this.#note(error, shown)
      return undefined
    }
  }

  async later<T>(promise: Promise<T>): Promise<T | undefined> {
    try {
      return await promise
    } catch (error) {
      this.#note(error, (message) => message)
      return undefined
    }
  }

  #note(error: unknown, shown: (message: string) => string): void {
    if (!(error instanceof SettingsError)) throw error
    const message = shown(error.message)
    if (!this.problems.includes(message)) this.problems.push(message)
  }
}

function valuesOf(file: SettingsFile, reader: Reader): SettingsInput {
  const known = settingNames()
  const shown = (message: string) => withLine(file, message)
  const tell = (warning: string) => reader.warn(shown(warning))
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(file.values)) {
    const before = reader.problems.length
    const read = reader.attempt(() => {
      if (!known.includes(name)) throw unknownInFile(file, name, Object.keys(declarations))
      return finish(readSettingInSteps(name, value, name, tell))
    }, shown)
    if (read !== undefined) values[name] = read
    else if (reader.problems.length > before) readItems(name, value, reader, shown)
  }
  return values
}

/** Of a list of which something is wrong, each item: the first error may not be the only one. */
function readItems(
  name: string,
  value: unknown,
  reader: Reader,
  shown: (message: string) => string,
): void {
  const item = declarationOf(name)?.item
  if (item === undefined || !Array.isArray(value)) return
  for (const [index, each] of value.entries()) {
    reader.attempt(() => item.read(each, `${name}[${index}]`, () => {}), shown)
  }
}

/** One variable at a time; OpenTelemetry's belong together. */
function fromEnvironment(env: Variables, reader: Reader): SettingsInput {
  const { SLUICE_CONFIG: config, ...rest } = env
  const names = Object.keys(rest)
  const others = names.filter((name) => !name.startsWith('SLUICE_'))
  const own = names.filter((name) => name.startsWith('SLUICE_'))
  const groups: Variables[] = [
    Object.fromEntries(others.map((name) => [name, rest[name]])),
    { SLUICE_CONFIG: config },
    ...own.map((name) => ({ [name]: rest[name] })),
  ]
  const read = groups.map((group) => reader.attempt(() => settingsFromEnv(group, reader.warn)))
  return Object.assign({}, ...read)
}

/** What is wrong only beside others; the defaults where they do not fit. */
function together(given: SettingsInput, reader: Reader): Settings {
  // Where the upstreams are wrong, their keys have none: that is no second error.
  const isWithout = given.upstream === undefined && isAboutUpstreams(reader.problems)
  const { upstreamKey: _, ...others } = given
  const whole = reader.attempt(() => parseSettings(isWithout ? others : given, () => {}))
  if (whole !== undefined) return whole
  const { port, host } = given
  const place = { ...(port !== undefined && { port }), ...(host !== undefined && { host }) }
  return reader.attempt(() => parseSettings(place)) ?? parseSettings({})
}

/** Whether something is wrong with the servers that were named. */
export function isAboutUpstreams(problems: readonly string[]): boolean {
  return problems.some((text) => /\bupstream\b|SLUICE_UPSTREAM\b/.test(text))
}

function requireAllSupported(given: SettingsInput, place: Place, reader: Reader): void {
  for (const [name, value] of Object.entries(given)) {
    reader.attempt(() =>
      requireSupport({ upstream: [], [name]: value } as unknown as Settings, place),
    )
  }
}
