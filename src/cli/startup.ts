import type { EngineStatus } from '../engines/registry/catalog.ts'
import { curlCommand } from '../util/curl-command.ts'
import { printable } from './log.ts'

/** What is printed at the start. */
export interface Startup {
  /** `sluice 0.1.0 on bun 1.4.5` */
  name: string
  /** Where it listens, `http://127.0.0.1:8787`. */
  address: string
  /** Whether other machines can reach it. */
  open: boolean
  /** How many keys are set; with none, clients need no key. */
  keys: number
  discover: boolean
  /** Deprecated settings that are in use, a sentence each. */
  warnings?: readonly string[]
}

/** Text in a terminal's colours, or as it is. */
export interface Ink {
  strong(text: string): string
  weak(text: string): string
}

/** Colours on a terminal, unless the environment forbids them. */
export function inkFor(onTerminal: boolean, env: Record<string, string | undefined>): Ink {
  const wanted = onTerminal && !env.NO_COLOR && env.TERM !== 'dumb'
  const paint = (code: number) => (text: string) =>
    wanted ? `\u001b[${code}m${text}\u001b[0m` : text
  return { strong: paint(1), weak: paint(2) }
}

/** The first lines, printed as soon as the server listens. */
export function greeting(startup: Startup, ink: Ink): string {
  const { name, address, open, keys, warnings = [] } = startup
  const lines = [`${name} listens at ${ink.strong(`${address}/v1`)}`]
  if (keys > 0) lines.push(`Clients need a key${open ? '. Other machines can connect' : ''}.`)
  else if (open) lines.push('Other machines can connect, and no key is needed.')
  for (const warning of warnings) lines.push(`Warning: ${printable(warning)}`)
  return `${lines.join('\n')}\n`
}

/** The engines with their models, or why they are unavailable, and a command to try. */
export function inventory(found: readonly EngineStatus[], startup: Startup, ink: Ink): string {
  const lines = found.map((engine) => describe(engine, found, ink))
  if (startup.discover && !found.some(isServer)) {
    lines.push('  No server was found on this machine yet; one that starts later will appear.')
  }
  lines.push(
    '',
    'Try:',
    `  ${printable(curlCommand(startup.address, modelToTry(found), startup.keys > 0))}`,
    '',
  )
  return `${lines.join('\n')}\n`
}

/** The engines that came, changed or went between two listings, a line each. */
export function changes(
  before: readonly EngineStatus[],
  after: readonly EngineStatus[],
  ink: Ink,
): string {
  const was = new Map(before.map((engine) => [engine.engine, summary(engine)]))
  const lines = after
    .filter((engine) => was.get(engine.engine) !== summary(engine))
    .map((engine) => describe(engine, after, ink))
  const now = new Set(after.map(({ engine }) => engine))
  for (const name of was.keys()) if (!now.has(name)) lines.push(`  ${printable(name)} is gone`)
  return lines.map((line) => `${line}\n`).join('')
}

function describe(engine: EngineStatus, all: readonly EngineStatus[], ink: Ink): string {
  const width = Math.max(...all.map(({ engine: name }) => name.length))
  return `  ${ink.strong(printable(engine.engine).padEnd(width))}  ${ink.weak(summary(engine))}`
}

function summary({ engine, models, error }: EngineStatus): string {
  // The engine's name is printed in front of it already.
  if (error?.startsWith(`${engine} `)) return printable(error.slice(engine.length + 1))
  if (error !== undefined) return printable(error)
  if (models.length === 0) return 'no models yet'
  const shown = models.slice(0, 8).map(printable).join(', ')
  return models.length > 8 ? `${shown} and ${models.length - 8} more` : shown
}

function isServer({ engine, error }: EngineStatus): boolean {
  return engine !== 'static' && error === undefined
}

function modelToTry(found: readonly EngineStatus[]): string {
  const server = found.find((engine) => isServer(engine) && engine.models.length > 0)
  return server?.models[0] ?? 'static'
}
