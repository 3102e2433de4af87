import { type Declaration, type Place, servers } from '../settings/declaration.ts'
import { environmentName } from '../settings/environment.ts'
import { perUpstream } from '../settings/per-upstream.ts'
import { groups } from '../settings/table/table.ts'
import { showSize } from '../settings/text.ts'
import { listed } from '../util/listed.ts'
import { flagName } from './flags.ts'

const WIDTH = 80

/** A space at which no line ends. */
const KEPT = '\u00a0'

const INDENT = '      '

const runtimes: Partial<Record<Place, string>> = {
  bun: 'Bun',
  deno: 'Deno',
  node: 'Node',
  workerd: 'workerd',
}

const usage = `sluice serves the OpenAI and Anthropic APIs, with streaming, in front of the
model servers on this machine.

Usage: sluice [serve] [flags]
       sluice chat [URL]      chat with a model in the terminal
       sluice check URL       check how a server streams, against named rules
       sluice doctor          say if it will work on this machine, or why not
       sluice record URL      save a stream to a file, with its timing
       sluice replay FILE …   serve recordings, with the same bytes and times
       sluice top [URL]       show requests while they happen
       sluice key new NAME    make a key, and the entry for the settings
       sluice schema          print the JSON Schema of the settings file`

/** The text of `sluice --help`: every setting with its flag, its variable and its default. */
export function helpText(): string {
  const lines = [usage]
  for (const [title, group] of Object.entries(groups)) {
    lines.push('', `${title}:`)
    for (const [name, declaration] of Object.entries(group))
      lines.push(...describe(name, declaration))
  }
  lines.push(
    '',
    'Other flags:',
    '  --config FILE',
    ...wrap(
      'The settings file, JSON with comments; by default sluice.json or sluice.jsonc in this folder, if it exists. It is read again when it changes, and on SIGHUP. [SLUICE_CONFIG_FILE]',
      INDENT,
    ),
    '  -h, --help',
    `${INDENT}Print this help.`,
    '  --version',
    `${INDENT}Print the version.`,
    '',
    ...wrap(
      'A TIME is a number of milliseconds, or has a unit: 500ms, 10s, 1.5m, 1h. A SIZE is a number of bytes, or has a unit: kB, MB, GB, KiB, MiB, GiB. A flag overrides its environment variable, which overrides SLUICE_CONFIG (all settings as one JSON object: {"staticDelay": 50}), which overrides the settings file.',
      '',
    ),
  )
  return `${lines.join('\n')}\n`
}

function describe(name: string, declaration: Declaration): string[] {
  const { kind, secret, placeholder, choices } = declaration
  const flag = flagName(name)
  const form = kind === 'boolean' ? `${flag}, --no-${flag.slice(2)}` : flag
  const variable = environmentName(name)
  const fallback = showDefault(declaration)
  const words = choices ? [`One of ${choices.join(', ')}.`] : []
  const text = [...sentences(name, declaration), ...words].join(' ')
  const details = [
    ...(secret ? [] : [variable]),
    ...(fallback === undefined ? [] : [`default ${fallback}`]),
  ]
  // A variable, or the word default and its value, stay on one line.
  const kept = details.map((each) => (each.length < 40 ? each.replaceAll(' ', KEPT) : each))
  const ending = kept.length > 0 ? ` [${kept.join(', ')}]` : ''
  return [
    `  ${secret ? variable : `${form}${placeholder ? ` ${placeholder}` : ''}`}`,
    ...wrap(`${text}${ending}`, INDENT),
  ]
}

/** What a setting is, with the sentences that follow from the rest of its declaration. */
export function sentences(name: string, declaration: Declaration): string[] {
  const { help, kind, secret, isSingle, deprecated, where, formerNames = [] } = declaration
  const isMany = (kind === 'list' || kind === 'pairs') && !secret && !isSingle
  const only = where && where.length < servers.length
  return [
    ...(deprecated === undefined ? [] : [`Deprecated: ${deprecated}.`]),
    help,
    ...(isMany ? ['May be given several times.'] : []),
    ...(Object.hasOwn(perUpstream, name) ? ['An upstream may have a value of its own.'] : []),
    ...(only ? [`Only on ${listed(where.map((place) => runtimes[place] ?? place))}.`] : []),
    ...(secret ? ['It has no flag, because the list of processes would show its value.'] : []),
    ...formerNames.map((former) => `Its former name, ${flagName(former)}, is deprecated.`),
  ]
}

/** The default as a person would write it; undefined where there is none to tell. */
export function showDefault({ default: value, kind }: Declaration): string | undefined {
  if (typeof value === 'string') return value.includes(' ') ? JSON.stringify(value) : value
  if (typeof value !== 'number') return undefined
  if (kind === 'time') return showTime(value)
  return kind === 'size' ? showSize(value) : String(value)
}

function showTime(milliseconds: number): string {
  if (milliseconds >= 60_000) return `${milliseconds / 60_000}m`
  return milliseconds >= 1_000 ? `${milliseconds / 1_000}s` : `${milliseconds}ms`
}

function wrap(text: string, margin: string): string[] {
  const lines: string[] = []
  let line = margin
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > WIDTH && line !== margin) {
      lines.push(line)
      line = margin
    }
    line += line === margin ? word : ` ${word}`
  }
  return [...lines, line].map((each) => each.replaceAll(KEPT, ' '))
}
