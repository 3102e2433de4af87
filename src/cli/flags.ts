import { type ParseArgsConfig, parseArgs } from 'node:util'
import { formerNamesIn, newNameOf, type Warn, withNewNames } from '../settings/deprecated.ts'
import {
  type Field,
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

/** The settings that have a flag, former names included, by their flags. */
function settingsByFlag(): Map<string, string> {
  const known = [...Object.keys(fields), ...Object.keys(formerNamesIn('settings'))]
  return new Map(
    known.filter((name) => !fieldOf(name).secret).map((name) => [flagName(name), name]),
  )
}

function fieldOf(name: string): Field {
  return fields[newNameOf('settings', name) as SettingName]
}

/** Reads the arguments after the program's name. Throws a `SettingsError`. */
export function readFlags(args: readonly string[], warn: Warn = () => {}): CommandLine {
  const names = settingsByFlag()
  const options = Object.fromEntries(
    [...names].map(([flag, name]) => [flag.slice(2), { type: optionType(name) }]),
  )
  const tokens = tokensOf(args, options)
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
    given[name] = readSetting(name, value, flagName(name), warn)
  }
  line.settings = withNewNames('settings', given, warn, flagName) as SettingsInput
  return line
}

function tokensOf(args: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
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
  return tokens
}

interface FlagToken {
  name: string
  rawName: string
  value?: string | undefined
}

function readFlag(token: FlagToken, names: Map<string, string>, given: Record<string, unknown>) {
  const negative = token.rawName.startsWith('--no-')
  const flag = `--${negative ? token.name.replace(/^no-/, '') : token.name}`
  const name = names.get(flag)
  if (name === undefined || !token.rawName.startsWith('--'))
    throw unknownFlag(token.rawName, names.keys())
  const { kind, expected } = fieldOf(name)
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

function optionType(name: string): 'boolean' | 'string' {
  return fieldOf(name).kind === 'boolean' ? 'boolean' : 'string'
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
