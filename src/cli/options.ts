/** The options of a tool: one table, from which parsing and help derive. */
import { parseArgs } from 'node:util'
import { SettingsError } from '../settings/settings.ts'
import { closestMatches } from '../util/closest-matches.ts'

export interface Option {
  /** What stands for the value in the help: `FILE`; none for an on-off flag. */
  value?: string
  short?: string
  text: string
  /** Whether it may be given several times. */
  many?: boolean
}

export type Table = Readonly<Record<string, Option>>

export interface CommandUsage {
  /** `sluice record URL [-o FILE]` */
  line: string
  /** What the tool does, in a few sentences. */
  text: string
  table: Table
}

/** A command line as it was given. */
export class Given<Name extends string> {
  readonly words: string[]
  readonly #values: Map<string, string[]>

  constructor(words: string[], values: Map<string, string[]>) {
    this.words = words
    this.#values = values
  }

  has(name: Name): boolean {
    return this.#values.has(name)
  }

  /** The one argument that is not an option, if there is one. Throws a `SettingsError` for more. */
  word(): string | undefined {
    const [word, more] = this.words
    if (more === undefined) return word
    throw new SettingsError(
      `arguments: expected one besides the options, got ${JSON.stringify(more)} too; put quotes around one that has spaces.`,
    )
  }

  /** The last value of an option. */
  text(name: Name): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  all(name: Name): string[] {
    return this.#values.get(name) ?? []
  }

  /** Throws a `SettingsError` unless it is a number from `low` to `high`. */
  number(name: Name, low: number, high: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() !== '' && value >= low && value <= high) return value
    throw new SettingsError(
      `--${name}: expected a number from ${low} to ${high}, got ${JSON.stringify(text)}.`,
    )
  }
}

/** Reads a tool's arguments. Throws a `SettingsError`; undefined where help is asked for. */
export function readOptions<T extends Table>(
  { table }: CommandUsage & { table: T },
  args: readonly string[],
): Given<Extract<keyof T, string>> | undefined {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', ...(short && { short }) } as const,
    ]),
  )
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const words: string[] = []
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    if (token.name === 'help') return undefined
    const option = Object.hasOwn(table, token.name) ? table[token.name] : undefined
    if (option === undefined) throw unknownOption(token.rawName, table)
    values.set(token.name, [...(values.get(token.name) ?? []), givenTo(token, option)])
  }
  return new Given(words, values)
}

function givenTo(token: { rawName: string; value?: string | undefined }, option: Option): string {
  const { rawName, value } = token
  if (option.value === undefined) {
    if (value === undefined) return 'true'
    throw new SettingsError(
      `${rawName}: expected no value, got ${JSON.stringify(value)}; remove it.`,
    )
  }
  if (value !== undefined && value !== '') return value
  throw new SettingsError(
    `${rawName}: expected ${option.value}, got nothing; write it as ${rawName} ${option.value}.`,
  )
}

function unknownOption(flag: string, table: Table): SettingsError {
  const near = closestMatches(
    flag,
    [...Object.keys(table), 'help'].map((name) => `--${name}`),
  )
  const hint =
    near.length === 0 ? ' --help lists the options.' : ` Did you mean ${near.join(' or ')}?`
  return new SettingsError(`${flag}: there is no such option.${hint}`)
}

/** The text of `--help`. */
export function usageText({ line, text, table }: CommandUsage): string {
  const lines = Object.entries(table).map(([name, { value, short, text: description, many }]) => {
    const flag = `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`
    return `  ${flag}\n      ${description}${many ? ' May be given several times.' : ''}`
  })
  return `usage: ${line}\n\n${text}\n\n${lines.join('\n')}\n  -h, --help\n      Print this help.\n`
}
