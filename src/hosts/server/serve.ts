import { setInterval, setTimeout as sleep } from 'node:timers/promises'
import { readCommand, type ServeCommand } from '../../cli/command.ts'
import { formatEntry, type LogForm, logForm } from '../../cli/log.ts'
import { progressBar } from '../../cli/progress.ts'
import { changes, greeting, inkFor, inventory, type Startup } from '../../cli/startup.ts'
import { toolNamed } from '../../cli/tools/tool-names.ts'
import type { Engine, Progress } from '../../engines/engine.ts'
import { resolveAlias } from '../../engines/registry/aliases.ts'
import type { EngineStatus } from '../../engines/registry/catalog.ts'
import type { HandlerHost } from '../../options.ts'
import type { LogEntry } from '../../platform/log.ts'
import { parseSettings, type Settings, type SettingsInput } from '../../settings/settings.ts'
import { requireSupport } from '../../settings/support.ts'
import { VERSION } from '../../version.ts'
import { moduleUrl } from '../location.ts'
import { exposureOf, requireProtection } from './exposure.ts'
import { pageFiles } from './files.ts'
import { addressOf, bypassProxy, explain, onSignal, refuse, survive } from './process.ts'
import { followSettings } from './reload.ts'
import { ReloadableHandler } from './reloadable-handler.ts'
import type { Runtime } from './runtime.ts'
import { processTerminal, type Terminal } from './terminal.ts'
import { readTls } from './tls.ts'

/** A server that runs. */
export interface Server {
  /** `http://127.0.0.1:8787`, or `https:` */
  url: string
  port: number
  /** Asks every engine for its models now, and looks for local servers anew. */
  refresh(): Promise<EngineStatus[]>
  /**
   * Answers new requests by these settings; running ones go on by theirs. Those of the address
   * stay as they are. Throws a `SettingsError`.
   */
  reload(settings: SettingsInput): void
  /** Settles when the model named in the settings is on the GPU; rejects with an `ApiError`. */
  loading?: Promise<void>
  /** Stops accepting, lets streams end for `graceMs`, then ends the rest with an error frame. */
  stop(graceMs?: number): Promise<void>
}

const never = new AbortController().signal

/** How often servers on this machine are looked for, in milliseconds. */
const lookEvery = 10_000

/** How long a response's last bytes may take to leave after its stream has ended. */
const flush = 500

/** What a server is given beside the settings. */
export interface StartOptions {
  /** What a program sets in code. */
  host?: HandlerHost
  log?: ((entry: LogEntry) => void) | undefined
  onProgress?: (progress: Progress) => void
}

/** Serves until it is stopped. Rejects with a `SettingsError` where the settings don't allow it. */
export async function start(
  runtime: Runtime,
  input: SettingsInput,
  { host = {}, log, onProgress = () => {} }: StartOptions = {},
): Promise<Server> {
  const settings = parseSettings(input)
  requireSupport(settings, runtime.place)
  requireProtection(settings, host.authenticate !== undefined)
  const tls = await readTls(settings)
  bypassProxy(process.env)
  const local = settings.webgpu ? await runtime.webgpu?.(settings, onProgress) : undefined
  const recorded = settings.engine.length > 0 ? await recordedFrom(settings, runtime) : []
  const engines = [...(host.engines ?? []), ...(local ? [local] : []), ...recorded]
  const handlers = new ReloadableHandler(settings, {
    name: runtime.name,
    ...(runtime.fetch && { fetch: runtime.fetch }),
    ...(runtime.frameWriter && { frameWriter: runtime.frameWriter }),
    files: pageFiles(),
    ...host,
    engines,
    exposure: exposureOf(settings.host),
    ...(log && { log }),
  })
  // Whoever asks before it is there waits in line.
  const model = resolveAlias(settings.model, settings.alias)
  const loading = model && local?.load(model, never)
  if (loading) loading.catch(() => {})
  const { host: hostname, port, bodyTimeout } = settings
  const listener = await runtime
    .listen({ fetch: handlers.fetch, port, hostname, tls, bodyTimeout })
    .catch((error: unknown) => Promise.reject(explain(error, settings)))
  return {
    url: addressOf(hostname, listener.port, tls !== undefined),
    port: listener.port,
    refresh: () => handlers.refresh(),
    reload: (next) => handlers.replace(next),
    ...(loading && { loading }),
    async stop(graceMs = handlers.settings.grace) {
      const closed = listener.close()
      await handlers.drain(graceMs)
      await Promise.race([closed, sleep(flush)])
    },
  }
}

/** Writes each entry as a line to standard output. */
export function logWriter(form: LogForm, { out }: Terminal) {
  if (form === 'none') return undefined
  return (entry: LogEntry): void => out.write(`${formatEntry(entry, form)}\n`)
}

/** From files of their own even where this is one file: what serves must not read them at its start. */
function tools(): Promise<typeof import('./tool.ts')> {
  return import(moduleUrl('hosts/server/tool').href)
}

/** Loaded only where it is wanted: it would cost every start some milliseconds. */
async function recordedFrom({ engine }: Settings, runtime: Runtime): Promise<Engine[]> {
  return (await import('./recorded.ts')).recordedEngines(engine, runtime)
}

/** The `sluice` command: serves by flags and environment until a signal ends it. */
export async function main(runtime: Runtime, args: readonly string[]): Promise<void> {
  if (toolNamed(args)) return (await tools()).runTool(runtime, args)
  const command = await commandOf(args)
  if (command === undefined) return
  const { settings } = command
  const { terminal = processTerminal } = runtime
  const form = logForm(settings.log, await terminal.out.isTerminal())
  survive(terminal)
  const server = await start(runtime, settings, {
    log: logWriter(form, terminal),
    onProgress: progressBar(terminal.err),
  }).catch(refuse)
  onSignal(() => server.stop())
  const startup = {
    name: `sluice ${VERSION} on ${runtime.name}`,
    address: server.url,
    open: exposureOf(settings.host) === 'anyone',
    keys: settings.keys.length,
    discover: settings.discover,
    warnings: command.warnings,
  }
  server.loading?.catch((error: Error) => terminal.err.write(`sluice: ${error.message}\n`))
  await followSettings(command, server.reload, terminal)
  await introduce(terminal, server.refresh, startup)
}

/**
 * What a command line, the environment and a file set; words that are asked for instead are printed,
 * and undefined is returned.
 */
export async function commandOf(
  args: readonly string[],
  hostDefaults: SettingsInput = {},
): Promise<ServeCommand | undefined> {
  const command = await readCommand(args, hostDefaults).catch(refuse)
  if (typeof command !== 'string') return command
  process.stdout.write(command)
  return undefined
}

/** Prints where it listens and what `look` found, then what comes and goes. */
export async function introduce(
  { err }: Terminal,
  look: () => Promise<EngineStatus[]>,
  startup: Startup,
): Promise<void> {
  const ink = inkFor(await err.isTerminal(), process.env)
  err.write(greeting(startup, ink))
  let known = await look().catch(() => [])
  err.write(inventory(known, startup, ink))
  if (!startup.discover) return
  // The sockets keep the process alive, not this.
  for await (const _ of setInterval(lookEvery, undefined, { ref: false })) {
    // It can't look while it is being stopped.
    const found = await look().catch(() => known)
    err.write(changes(known, found, ink))
    known = found
  }
}
