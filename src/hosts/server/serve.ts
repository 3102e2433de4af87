import { setInterval, setTimeout as sleep } from 'node:timers/promises'
import { readCommand, type ServeCommand } from '../../cli/command.ts'
import { formatEntry, logForm } from '../../cli/log.ts'
import { progressBar } from '../../cli/progress.ts'
import { changes, greeting, inkFor, inventory, type Startup } from '../../cli/startup.ts'
import { toolNamed } from '../../cli/tools/tool-names.ts'
import type { Engine, Progress } from '../../engines/engine.ts'
import { meant } from '../../engines/registry/aliases.ts'
import type { LocalEngine } from '../../engines/webllm/webllm.ts'
import type { Found, Host, LogEntry } from '../../handler.ts'
import { deprecations } from '../../settings/deprecated.ts'
import {
  parseSettings,
  type Settings,
  SettingsError,
  type SettingsInput,
} from '../../settings/settings.ts'
import { VERSION } from '../../version.ts'
import { pageFiles } from './files.ts'
import { reachOf, requireProtection } from './reach.ts'
import { followSettings } from './reload.ts'
import { Successive } from './successive.ts'
import { processTerminal, type Terminal } from './terminal.ts'
import { readTls, type Tls } from './tls.ts'

/** A socket that listens. */
export interface Listener {
  /** The real port, where 0 was asked for. */
  port: number
  /** Stops accepting and lets running responses go on; resolves when the last has ended. */
  close(): Promise<void>
}

/** What a runtime gives. */
export interface Runtime {
  /** `bun 1.4.5` */
  name: string
  /** Where requests to upstreams go out; the global `fetch` by default. */
  fetch?: Host['fetch']
  framePipe?: Host['framePipe']
  /** What `node:process` gives by default. */
  terminal?: Terminal
  /** Makes the engine of this computer's GPU. Rejects with a `SettingsError`. */
  webgpu?: (settings: Settings, onProgress: (progress: Progress) => void) => Promise<LocalEngine>
  /** Rejects where it can't listen. */
  listen(options: {
    fetch: (request: Request) => Promise<Response>
    port: number
    hostname: string
    /** Serves over https. */
    tls: Tls | undefined
    /** Milliseconds in which a request's headers have to come, and then its body. */
    bodyTimeout: number
  }): Promise<Listener>
}

/** A server that runs. */
export interface Server {
  /** `http://127.0.0.1:8787`, or `https:` */
  url: string
  port: number
  /** Asks every engine for its models now, and looks for local servers anew. */
  refresh(): Promise<Found[]>
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

/** A signal that comes twice within this time was sent once and passed on by a parent as well. */
const echo = 300

/** How long a response's last bytes may take to leave after its stream has ended. */
const flush = 500

/** Serves until it is stopped. Rejects with a `SettingsError` where the settings don't allow it. */
export async function start(
  runtime: Runtime,
  input: SettingsInput = {},
  log?: (entry: LogEntry) => void,
  onProgress: (progress: Progress) => void = () => {},
): Promise<Server> {
  const settings = parseSettings(input)
  requireProtection(settings)
  const tls = await readTls(settings)
  bypassProxy(process.env)
  if (settings.webgpu && !runtime.webgpu) throw noWebgpu(runtime.name)
  const local = settings.webgpu ? await runtime.webgpu?.(settings, onProgress) : undefined
  const recorded = settings.engine.length > 0 ? await recordedFrom(settings, runtime) : []
  const engines = [...(local ? [local] : []), ...recorded]
  const handlers = new Successive(settings, {
    name: runtime.name,
    ...(runtime.fetch && { fetch: runtime.fetch }),
    ...(runtime.framePipe && { framePipe: runtime.framePipe }),
    engines,
    files: pageFiles(),
    reach: reachOf(settings.host),
    ...(log && { log }),
  })
  // Whoever asks before it is there waits in line.
  const model = meant(settings.model, settings.alias)
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

/** From files of their own even where this is one file: what serves must not read them at its start. */
function tools(): Promise<typeof import('./tool.ts')> {
  const file = import.meta.url.endsWith('.ts') ? './tool.ts' : './tool.js'
  return import(new URL(file, import.meta.url).href)
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
  const server = await start(
    runtime,
    settings,
    (entry) => {
      if (form !== 'none') terminal.out.write(`${formatEntry(entry, form)}\n`)
    },
    progressBar(terminal.err),
  ).catch(refuse)
  onSignal(() => server.stop())
  const startup = {
    name: `sluice ${VERSION} on ${runtime.name}`,
    address: server.url,
    open: reachOf(settings.host) === 'anyone',
    keys: settings.keys.length,
    discover: settings.discover,
    warnings: deprecations(settings),
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

/** Ends the process: with code 2 and one line for what the person can mend, with 1 for the rest. */
export function refuse(error: unknown): never {
  if (error instanceof SettingsError) {
    process.stderr.write(`sluice: ${error.message}\n`)
    process.exit(2)
  }
  process.stderr.write(`sluice: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

/** Runs `stop` at the first SIGINT or SIGTERM and exits with 0; a second one exits at once. */
export function onSignal(stop: () => Promise<void>): void {
  let first = 0
  const codes = { SIGINT: 130, SIGTERM: 143 }
  for (const [signal, code] of Object.entries(codes)) {
    process.on(signal, () => {
      if (first === 0) {
        first = performance.now()
        stop().then(
          () => process.exit(0),
          (error: unknown) => {
            process.stderr.write(`sluice: it did not stop cleanly: ${String(error)}\n`)
            process.exit(1)
          },
        )
      } else if (performance.now() - first > echo) process.exit(code)
    })
  }
}

/** Prints where it listens and what `look` found, then what comes and goes. */
export async function introduce(
  { err }: Terminal,
  look: () => Promise<Found[]>,
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

/** Only Deno has WebGPU and runs web-llm. */
export function noWebgpu(runtime: string): SettingsError {
  const name = runtime.split(' ')[0]
  return new SettingsError(
    `webgpu: ${name} can't run models on the GPU; Deno and browsers can: npm run start:deno -- --webgpu`,
  )
}

/** A proxy that the environment names must not be asked for servers on this machine. */
export function bypassProxy(env: Record<string, string | undefined>): void {
  const given = env.NO_PROXY || env.no_proxy
  const hosts = ['localhost', '127.0.0.1', '::1', ...(given ? [given] : [])].join(',')
  env.NO_PROXY = hosts
  env.no_proxy = hosts
}

/** One stray rejection must not end every stream. */
export function survive({ err }: Terminal): void {
  process.on('unhandledRejection', (reason) => {
    const told = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
    err.write(`sluice: an error that nothing caught: ${told}\n`)
  })
}

/** Why it can't listen, as something the person can mend. */
export function explain(error: unknown, { host, port }: Pick<Settings, 'host' | 'port'>): Error {
  const { code } = error as { code?: unknown }
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} is in use on ${host}; choose another with --port.`,
    EACCES: `port ${port} needs more rights than this process has; choose another with --port.`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another with --host.`,
    // What Deno says of the same.
    EINVAL: `${host} is no address of this machine; choose another with --host.`,
    ENOTFOUND: `${host} is no address of this machine; choose another with --host.`,
  }
  const reason = reasons[String(code)]
  const [told] = String(error instanceof Error ? error.message : error).split('\n')
  return new SettingsError(reason ?? `can't listen on port ${port} of ${host}: ${told}`)
}

/** The address for a person to use: the loopback one, where it listens at every address. */
export function addressOf(host: string, port: number, isSecure = false): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const scheme = isSecure ? 'https' : 'http'
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
