import { type ParseArgsConfig, parseArgs } from 'node:util'
import { type Warn, withNewNames } from '../settings/deprecated.ts'
import { environmentName } from '../settings/environment.ts'
import {
  declarationOf,
  readTextSetting,
  SettingsError,
  type SettingsInput,
  settingNames,
} from '../settings/settings.ts'
import { declarations } from '../settings/table/table.ts'
import { closestMatches } from '../util/closest-matches.ts'
import { toolNames } from './tools/tool-names.ts'

/** An option of a key that is true or false, and a flag of `sluice key new`. */
export type KeyRole = (typeof keyRoles)[number]

/** A command line that was read. */
export interface CommandLine {
  settings: SettingsInput
  /** The path of the settings file. */
  config?: string
  /** The command; `serve` by default. */
  command: string
  /** The arguments after the command. */
  words: string[]
  /** What the key that `sluice key` makes is for, besides requests: `admin` or `metrics`. */
  roles: KeyRole[]
  help: boolean
  version: boolean
}

/** `--header-wait` for `headerWait`. */
export function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

const keyRoles = ['admin', 'metrics'] as const
const others = ['--config', '--help', '--version']
const commands = ['serve', 'key', 'schema', ...toolNames]

/** The settings that have a flag, former names included, by their flags. */
function settingsByFlag(): Map<string, string> {
  const names = settingNames().filter((name) => !declarationOf(name)?.secret)
  return new Map(names.map((name) => [flagName(name), name]))
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
    roles: [],
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
    const role = keyRoles.find((name) => token.rawName === `--${name}`)
    if (token.name === 'config') line.config = readConfigPath(token.value)
    else if (token.name === 'help') line.help = true
    else if (token.name === 'version') line.version = true
    else if (role && line.command === 'key') line.roles.push(role)
    else readFlag(token, names, given)
  }
  for (const [name, value] of Object.entries(given)) {
    given[name] = readTextSetting(name, value, flagName(name), warn)
  }
  line.settings = withNewNames(declarations, given, warn, flagName) as SettingsInput
  return line
}

function tokensOf(args: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...options,
      config: { type: 'string' },
      admin: { type: 'boolean' },
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
  const { kind, expected, placeholder = 'VALUE', secretIn } = declarationOf(name) ?? {}
  if (token.value !== undefined && secretIn?.(token.value)) throw noSecret(flag, name)
  if (kind === 'boolean') {
    given[name] = token.value ?? !negative
    return
  }
  if (negative) throw unknownFlag(token.rawName, names.keys())
  if (token.value === undefined)
    throw new SettingsError(
      `${flag}: expected ${expected}, got nothing; write it as ${flag} ${placeholder}.`,
    )
  if (kind !== 'list' && kind !== 'pairs') given[name] = token.value
  else given[name] = [...((given[name] as string[] | undefined) ?? []), token.value]
}

function optionType(name: string): 'boolean' | 'string' {
  return declarationOf(name)?.kind === 'boolean' ? 'boolean' : 'string'
}

function unknownFlag(flag: string, known: Iterable<string>): SettingsError {
  const secret = Object.keys(declarations).find(
    (name) => declarations[name]?.secret && flagName(name) === flag,
  )
  if (secret !== undefined) return noSecret(flag, secret)
  const near = closestMatches(flag, [...known, ...others])
  const hint =
    near.length === 0 ? ' --help lists the flags.' : ` Did you mean ${near.join(' or ')}?`
  return new SettingsError(`${flag}: there is no such flag.${hint}`)
}

function noSecret(flag: string, name: string): SettingsError {
  return new SettingsError(
    `${flag}: expected no secret as a flag, where a list of processes shows it; set ${environmentName(name)} instead.`,
  )
}

function readConfigPath(value: string | undefined): string {
  if (value) return value
  throw new SettingsError(
    '--config: expected the path of a settings file, got nothing; write it as --config FILE.',
  )
}

function readCommandName(word: string): string {
  if (commands.includes(word)) return word
  const near = closestMatches(word, commands)
  const hint =
    near.length === 0 ? ' --help lists the flags.' : ` Did you mean ${near.join(' or ')}?`
  throw new SettingsError(`${JSON.stringify(word)}: there is no such command.${hint}`)
}
