import { parseArgs } from 'node:util'
import {
  fields,
  readSetting,
  type SettingName,
  SettingsError,
  type SettingsInput,
} from '../settings/settings.ts'
import { closestMatches } from '../util/closest-matches.ts'
import { toolNames } from './tools/tool-names.ts'

/** What a command line asks for. */
export interface CommandLine {
  settings: SettingsInput
  /** The path of the settings file. */
  config?: string
  /** What is to be done; `serve` by default. */
  command: string
  /** What stands behind the command. */
  words: string[]
  help: boolean
  version: boolean
}

/** `--header-wait` for `headerWait`. */
export function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

const others = ['--config', '--help', '--version']
const commands = ['serve', 'key', 'schema', ...toolNames]

/** Reads the arguments after the program's name. Throws a `SettingsError`. */
export function readFlags(args: readonly string[]): CommandLine {
  const names = new Map<string, SettingName>()
  for (const [name, field] of Object.entries(fields)) {
    if (!field.secret) names.set(flagName(name), name as SettingName)
  }
  const options = Object.fromEntries(
    [...names].map(([flag, name]) => [flag.slice(2), { type: optionType(name) }]),
  )
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...options,
      config: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
    strict: false,
    allowNegative: true,
    allowPositionals: true,
    tokens: true,
  })
  const line: CommandLine = {
    settings: {},
    command: 'serve',
    words: [],
    help: false,
    version: false,
  }
  let hasCommand = false
  const given: Record<string, unknown> = {}
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (hasCommand && line.command !== 'serve') line.words.push(token.value)
      else line.command = readCommandName(token.value)
      hasCommand = true
    }
    if (token.kind !== 'option') continue
    if (token.name === 'config') line.config = readConfigPath(token.value)
    else if (token.name === 'help') line.help = true
    else if (token.name === 'version') line.version = true
    else readFlag(token, names, given)
  }
  for (const [name, value] of Object.entries(given)) {
    given[name] = readSetting(name, value, flagName(name))
  }
  line.settings = given as SettingsInput
  return line
}

interface FlagToken {
  name: string
  rawName: string
  value?: string | undefined
}

function readFlag(
  token: FlagToken,
  names: Map<string, SettingName>,
  given: Record<string, unknown>,
) {
  const negative = token.rawName.startsWith('--no-')
  const flag = `--${negative ? token.name.replace(/^no-/, '') : token.name}`
  const name = names.get(flag)
  if (name === undefined || !token.rawName.startsWith('--'))
    throw unknownFlag(token.rawName, names.keys())
  const { kind, expected } = fields[name]
  if (kind === 'boolean') {
    given[name] = token.value ?? !negative
    return
  }
  if (negative) throw unknownFlag(token.rawName, names.keys())
  if (token.value === undefined)
    throw new SettingsError(`${flag}: expected ${expected}, got nothing.`)
  if (kind !== 'list' && kind !== 'pairs') given[name] = token.value
  else given[name] = [...((given[name] as string[] | undefined) ?? []), token.value]
}

function optionType(name: SettingName): 'boolean' | 'string' {
  return fields[name].kind === 'boolean' ? 'boolean' : 'string'
}

function unknownFlag(flag: string, known: Iterable<string>): SettingsError {
  if (flag === '--upstream-key') {
    return new SettingsError(
      `${flag}: a key is not given as a flag, where the process list shows it; set SLUICE_UPSTREAM_KEY.`,
    )
  }
  const near = closestMatches(flag, [...known, ...others])
  const hint =
    near.length === 0 ? ' --help lists the flags.' : ` Did you mean ${near.join(' or ')}?`
  return new SettingsError(`${flag}: there is no such flag.${hint}`)
}

function readConfigPath(value: string | undefined): string {
  if (value) return value
  throw new SettingsError('--config: expected the path of a settings file, got nothing.')
}

function readCommandName(word: string): string {
  if (commands.includes(word)) return word
  const near = closestMatches(word, commands)
  const hint =
    near.length === 0 ? ' --help lists the flags.' : ` Did you mean ${near.join(' or ')}?`
  throw new SettingsError(`${JSON.stringify(word)}: there is no such command.${hint}`)
}
