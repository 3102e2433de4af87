import { setTimeout as sleep } from 'node:timers/promises'
import { formatEntry, type LogForm, logForm } from '../../cli/log.ts'
import { progressBar } from '../../cli/progress.ts'
import { toolNamed } from '../../cli/tools/tool-names.ts'
import type { Engine, Progress } from '../../engines/engine.ts'
import { ManagedServers } from '../../engines/managed/managed-servers.ts'
import { resolveAlias } from '../../engines/registry/aliases.ts'
import type { EngineStatus } from '../../engines/registry/catalog.ts'
import type { LocalEngine } from '../../engines/webllm/webllm.ts'
import type { HandlerHost } from '../../options.ts'
import type { Fetch } from '../../platform/fetch.ts'
import type { LogEntry } from '../../platform/log.ts'
import { ollamaPort } from '../../settings/compat.ts'
import type { Key } from '../../settings/keys.ts'
import { parseSettings, type Settings, type SettingsInput } from '../../settings/settings.ts'
import { requireSupport } from '../../settings/support.ts'
import { Telemetry } from '../../telemetry/telemetry.ts'
import { terminalLine, terminalText } from '../../util/safe/terminal.ts'
import { VERSION } from '../../version.ts'
import { moduleUrl } from '../location.ts'
import { commandOf } from './command.ts'
import { listenAsOllama, withGreeting } from './compat.ts'
import { exposureOf, requireProtection } from './exposure.ts'
import { pageFiles } from './files.ts'
import { openState } from './open-state.ts'
import {
  addressOf,
  bypassProxyForLoopback,
  exitWithError,
  listenError,
  logUnhandledRejections,
  onSignal,
} from './process.ts'
import { followSettings } from './reload.ts'
import { ReloadableHandler } from './reloadable-handler.ts'
import { reportEngines } from './report-engines.ts'
import { requireReusePort } from './reuse-port.ts'
import type { Runtime } from './runtime.ts'
import { processes } from './spawn.ts'
import { processTerminal, type Terminal } from './terminal.ts'
import { readTls, type Tls } from './tls.ts'
import { warmUpOf } from './warm-up/warm-up.ts'

/** A running server. */
export interface Server {
  /** `http://127.0.0.1:8787`, or `https:` */
  url: string
  port: number
  /** The address at which it listens as Ollama, where `compat` asks for that and the port was free. */
  ollamaUrl?: string
  /** What was asked for and could not be done, a sentence each. */
  warnings: readonly string[]
  /** Asks every engine for its models now, and searches for local servers again. */
  refresh(): Promise<EngineStatus[]>
  /**
   * Answers new requests with these settings; running ones go on with theirs. The address and TLS
   * do not change. Throws a `SettingsError`.
   */
  reload(settings: SettingsInput): void
  /** Resolves when the model named in the settings is loaded; rejects with an `ApiError`. */
  loading?: Promise<void>
  /**
   * Answers requests for `delayMs` more, while `/health/ready` says that it is not ready. Then it accepts no
   * more connections, gives streams `graceMs` to end, and fails the rest with an error frame.
   */
  stop(graceMs?: number, delayMs?: number): Promise<void>
}

const neverAborted = new AbortController().signal

/** Milliseconds for the last bytes of a response to be sent after its stream has ended. */
const flushTimeout = 500

/** What a server takes besides its settings. */
export interface StartOptions {
  /** The options that only a program can set, such as engines and functions. */
  host?: HandlerHost
  log?: ((entry: LogEntry) => void) | undefined
  onProgress?: (progress: Progress) => void
  /** Called with what happened to a server that sluice starts, for people. */
  onServerEvent?: (label: string, event: string) => void
  /** Called with each tab that joins or leaves, as a sentence for people. */
  onTabEvent?: (text: string) => void
  /** Called with each change of the store that instances share, as a sentence for people. */
  onStateEvent?: (text: string) => void
}

/** Serves until it is stopped. Rejects with a `SettingsError` where the settings are wrong. */
export async function start(
  runtime: Runtime,
  input: SettingsInput,
  options: StartOptions = {},
): Promise<Server> {
  const { host = {}, log, onProgress = () => {}, onServerEvent = () => {} } = options
  const read = (given: SettingsInput) => readSettings(given, runtime, host)
  const settings = read(input)
  requireProtection(settings, host.authenticate !== undefined)
  const tls = await readTls(settings)
  bypassProxyForLoopback(process.env)
  const { local, engines } = await ownEngines(settings, runtime, onProgress)
  const fetch = host.fetch ?? runtime.fetch ?? globalFetch
  const managed = new ManagedServers({ processes, fetch, tell: onServerEvent })
  const own: string[] = []
  const instance = crypto.randomUUID()
  const telemetry = new Telemetry()
  const shared = await openState(settings, instance, telemetry, options.onStateEvent)
  const handler = new ReloadableHandler(settings, {
    ...{ own, name: runtime.name, managed, instance, telemetry },
    ...(options.onTabEvent && { onTabEvent: options.onTabEvent }),
    ...shared?.lent,
    ...(runtime.fetch && { fetch: runtime.fetch }),
    ...(runtime.frameWriter && { frameWriter: runtime.frameWriter }),
    files: runtime.files ?? pageFiles(),
    ...host,
    engines: [...(host.engines ?? []), ...engines],
    exposure: exposureOf(settings.host),
    ...(log && { log }),
  })
  const loading = local && loadDefault(local, settings)
  const warmUp = warmUpOf(runtime, settings)
  const fetchFirst = warmUp?.before(handler.fetch) ?? handler.fetch
  const listeners = await listenAt(runtime, settings, tls, fetchFirst).catch(async (error) => {
    // Some may have been started in advance.
    await Promise.all([managed.stop(), shared?.close()])
    throw error
  })
  warmUp?.start()
  const { url, ollamaUrl, warnings } = listeners
  own.push(url, ...(ollamaUrl ? [ollamaUrl] : []))
  return {
    url,
    port: listeners.port,
    ...(ollamaUrl && { ollamaUrl }),
    warnings,
    refresh: () => handler.refresh(),
    reload: (next) => handler.replace(read(next)),
    ...(loading && { loading }),
    async stop(graceMs = handler.settings.grace, delayMs = handler.settings.drainDelay) {
      handler.leave()
      const practised = warmUp?.stop()
      if (delayMs > 0) await sleep(delayMs)
      const early = handler.hasBusyTabs ? undefined : listeners.close()
      await handler.drain(graceMs)
      await Promise.all([managed.stop(), shared?.close(), practised])
      await Promise.race([early ?? listeners.close(), sleep(flushTimeout)])
    },
  }
}

/** The engines in this process that the settings ask for; `local` is the one on WebGPU. */
async function ownEngines(settings: Settings, runtime: Runtime, onProgress: (_: Progress) => void) {
  const local = settings.webgpu ? await runtime.webgpu?.(settings, onProgress) : undefined
  const recorded = settings.engine.length > 0 ? await enginesFromRecordings(settings, runtime) : []
  return { local, engines: [...(local ? [local] : []), ...recorded] }
}

/** Not awaited: requests that come before the model is loaded wait in the engine's queue. */
function loadDefault(local: LocalEngine, { model: named, alias }: Settings) {
  const model = resolveAlias(named, alias)
  const loading = model ? local.load(model, neverAborted) : undefined
  loading?.catch(() => {})
  return loading
}

/** Listens at the port of the settings, and as Ollama where they ask for it. */
async function listenAt(
  runtime: Runtime,
  settings: Settings,
  tls: Tls | undefined,
  fetch: (request: Request) => Promise<Response>,
) {
  const { host: hostname, port, reusePort, bodyTimeout } = settings
  const isOllamas = port !== 0 && ollamaPort(settings) === port
  const main = await runtime
    .listen({
      ...{ port, hostname, reusePort, tls, bodyTimeout },
      fetch: isOllamas ? withGreeting(fetch, true) : fetch,
    })
    .catch((error: unknown) => Promise.reject(listenError(error, settings)))
  const url = addressOf(hostname, main.port, tls !== undefined)
  const second = await listenAsOllama(runtime, settings, tls, fetch, url)
  return {
    url,
    port: main.port,
    ollamaUrl: second.url,
    warnings: second.warning === undefined ? [] : [second.warning],
    close: () => Promise.all([main.close(), second.server?.close()]),
  }
}

/**
 * By default servers on this machine are discovered only where the program brings no engine. Throws a
 * `SettingsError`, also for what this runtime cannot do.
 */
function readSettings(input: SettingsInput, runtime: Runtime, { engines = [] }: HandlerHost) {
  const settings = parseSettings({
    ...input,
    ...(input.discover === undefined && engines.length > 0 && { discover: false }),
  })
  requireSupport(settings, runtime.place)
  requireReusePort(settings, runtime)
  return settings
}

/** Writes each log entry as a line to standard output; undefined where nothing is logged. */
export function logWriter(form: LogForm, { out }: Terminal) {
  if (form === 'none') return undefined
  return (entry: LogEntry): void => out.write(`${formatEntry(entry, form)}\n`)
}

/** By URL, so that bundling leaves them in files of their own: a server need not load them. */
function tools(runtime: Runtime): Promise<typeof import('./tool.ts')> {
  return runtime.tools?.() ?? import(moduleUrl('hosts/server/tool').href)
}

const globalFetch: Fetch = (url, init) => fetch(url, init)

/** Imported only where a recording is served: loading it would delay every start. */
async function enginesFromRecordings({ engine }: Settings, runtime: Runtime): Promise<Engine[]> {
  return (await import('./replay-engines.ts')).replayEngines(engine, runtime)
}

/** The `sluice` command: runs a tool, or serves until a signal ends it. */
export async function main(runtime: Runtime, args: readonly string[]): Promise<void> {
  if (toolNamed(args)) return (await tools(runtime)).runTool(runtime, args)
  const command = await commandOf(args, {}, runtime.build)
  if (command === undefined) return
  const { settings } = command
  const { terminal = processTerminal } = runtime
  const form = logForm(settings.log, await terminal.out.isTerminal())
  logUnhandledRejections(terminal)
  const { file } = command
  const server = await start(runtime, settings, {
    ...(file !== undefined && { host: { saveKey: (key) => saveKey(file, key, terminal) } }),
    log: logWriter(form, terminal),
    onProgress: progressBar(terminal.err),
    onServerEvent: (label, event) =>
      terminal.err.write(`sluice: ${terminalText(`${label} ${event}`)}\n`),
    onStateEvent: (text) => terminal.err.write(`sluice: ${terminalLine(text)}\n`),
    onTabEvent: (text) => terminal.err.write(`sluice: ${terminalLine(text)}\n`),
  }).catch(exitWithError)
  onSignal(() => server.stop())
  const startup = {
    name: `sluice ${VERSION} on ${runtime.name}`,
    address: server.url,
    ollamaUrl: server.ollamaUrl,
    open: exposureOf(settings.host) === 'anyone',
    keys: settings.keys.length,
    discover: settings.discover,
    passThrough: settings.passThrough,
    alias: settings.alias,
    warnings: [...command.warnings, ...server.warnings],
  }
  server.loading?.catch((error: Error) =>
    terminal.err.write(`sluice: ${terminalLine(error.message)}\n`),
  )
  await followSettings(command, server.reload, terminal)
  await reportEngines(terminal, server.refresh, startup)
}

/** Never rejects: a key that is not saved is good until the server stops. */
async function saveKey(file: string, key: Key, { err }: Terminal): Promise<boolean> {
  try {
    await (await import('../../cli/add-key.ts')).addKey(file, key)
    return true
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    err.write(
      `sluice: ${terminalLine(`the key ${key.name} could not be added to ${file} (${why}); it is good until the server stops.`)}\n`,
    )
    return false
  }
}
