import type { EngineStatus } from '../engines/registry/catalog.ts'
import { curlCommand } from '../util/curl-command.ts'
import { terminalLine } from '../util/safe/terminal.ts'

/** What the first lines of a server tell its user. */
export interface Startup {
  /** `sluice 0.1.0 on bun 1.4.5` */
  name: string
  /** The address it listens at, `http://127.0.0.1:8787`. */
  address: string
  /** The address at which it listens as Ollama, where it does. */
  ollamaUrl?: string | undefined
  /** Whether other machines can reach it. */
  open: boolean
  /** The number of API keys in the settings; with 0 no client needs one. */
  keys: number
  discover: boolean
  /** The settings that say which upstream or model answers what is forwarded, and the aliases. */
  passThrough?: Readonly<Record<string, string>>
  alias?: Readonly<Record<string, string>>
  /** The deprecated names and settings that are in use, a sentence each. */
  warnings?: readonly string[]
}

/** Adds the escape sequences of a terminal's text styles, or leaves texts as they are. */
export interface TerminalStyle {
  strong(text: string): string
  weak(text: string): string
}

/** The styles on a terminal that has them, unless `NO_COLOR` is set. */
export function terminalStyle(
  onTerminal: boolean,
  env: Record<string, string | undefined>,
): TerminalStyle {
  const wanted = onTerminal && !env.NO_COLOR && env.TERM !== 'dumb'
  const paint = (code: number) => (text: string) =>
    wanted ? `\u001b[${code}m${text}\u001b[0m` : text
  return { strong: paint(1), weak: paint(2) }
}

/** The first lines, printed as soon as the server listens. */
export function startupText(startup: Startup, style: TerminalStyle): string {
  const { name, address, ollamaUrl, open, keys, warnings = [] } = startup
  const lines = [`${name} listens at ${style.strong(`${address}/v1`)}`]
  if (ollamaUrl) lines.push(`Programs made for Ollama find it at ${style.strong(ollamaUrl)}`)
  if (keys > 0) {
    lines.push(`Clients need an API key.${open ? ' Other machines can reach this address.' : ''}`)
  } else if (open) {
    lines.push('Warning: Other machines can reach this address, and no client needs an API key.')
  }
  for (const warning of warnings) lines.push(`Warning: ${terminalLine(warning)}`)
  return `${lines.join('\n')}\n`
}

/** The engines with their models or their errors, and a command to try. */
export function enginesText(
  found: readonly EngineStatus[],
  startup: Startup,
  style: TerminalStyle,
): string {
  const lines = ['Engines and their models:', ...found.map((each) => describe(each, found, style))]
  if (startup.discover && !found.some(isServer)) {
    lines.push(
      '  No model server was found on this machine. Start one, such as Ollama, and it is added here;',
      '  name one elsewhere with --upstream URL. Until then "static" answers with a fixed sentence.',
    )
  }
  for (const warning of unknownTargets(found, startup))
    lines.push(`Warning: ${terminalLine(warning)}`)
  lines.push(
    '',
    'Try:',
    `  ${terminalLine(curlCommand(startup.address, modelToTry(found), startup.keys > 0))}`,
    '',
  )
  return `${lines.join('\n')}\n`
}

/** The engines that were added, changed or removed between two searches, a line each. */
export function engineChanges(
  before: readonly EngineStatus[],
  after: readonly EngineStatus[],
  style: TerminalStyle,
): string {
  const was = new Map(before.map((engine) => [engine.engine, summary(engine)]))
  const lines = after
    .filter((engine) => was.get(engine.engine) !== summary(engine))
    .map((engine) => describe(engine, after, style))
  const now = new Set(after.map(({ engine }) => engine))
  for (const name of was.keys()) if (!now.has(name)) lines.push(`  ${terminalLine(name)}  removed`)
  return lines.map((line) => `${line}\n`).join('')
}

function describe(
  engine: EngineStatus,
  all: readonly EngineStatus[],
  style: TerminalStyle,
): string {
  const width = Math.max(...all.map(({ engine: name }) => name.length))
  return `  ${style.strong(terminalLine(engine.engine).padEnd(width))}  ${style.weak(summary(engine))}`
}

function summary({ engine, models, error }: EngineStatus): string {
  // The line begins with the engine's name, so that a message need not repeat it.
  if (error?.startsWith(`${engine} `)) return terminalLine(error.slice(engine.length + 1))
  if (error !== undefined) return terminalLine(error)
  if (models.length === 0) return 'no models yet'
  const shown = models.slice(0, 8).map(terminalLine).join(', ')
  return models.length > 8 ? `${shown} and ${models.length - 8} more` : shown
}

/** Where a forwarded request could go to nobody. A server that is down or yet to be found may be meant. */
function unknownTargets(
  found: readonly EngineStatus[],
  { discover, passThrough = {}, alias = {} }: Startup,
): string[] {
  if (discover || found.some(({ error }) => error !== undefined)) return []
  const labels = found.map(({ engine }) => engine)
  const models = found.flatMap((engine) => engine.models)
  const short = models.map((model) => model.replace(/:latest$/, ''))
  const known = new Set([...labels, ...models, ...short, ...Object.keys(alias)])
  return Object.entries(passThrough).flatMap(([path, target]) => {
    if (known.has(target)) return []
    return `passThrough: expected the label of an upstream, or a model that one lists, for ${path}, got ${JSON.stringify(target)}; requests for ${path} that name no model fail until there is one. The labels are ${labels.join(', ')}.`
  })
}

function isServer({ engine, error }: EngineStatus): boolean {
  return engine !== 'static' && error === undefined
}

function modelToTry(found: readonly EngineStatus[]): string {
  const server = found.find((engine) => isServer(engine) && engine.models.length > 0)
  return server?.models[0] ?? 'static'
}
