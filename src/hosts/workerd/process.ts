import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { EngineStatus } from '../../engines/registry/catalog.ts'
import { type Settings, SettingsError } from '../../settings/settings.ts'
import { supportedBy } from '../../settings/support.ts'
import { isCheckout, pageFolders, workerUrl } from '../location.ts'
import { exposureOf } from '../server/exposure.ts'
import { explain } from '../server/process.ts'
import type { Tls } from '../server/tls.ts'

/** A workerd that listens. */
export interface Workerd {
  process: ChildProcess
  /** The real port, where 0 was asked for. */
  port: number
  stdout: Readable
  stderr: Readable
  /** Has the worker ask its engines for their models now. */
  look(): Promise<EngineStatus[]>
  /** Has it serve by other settings. Rejects where it won't. */
  reload(settings: Settings): Promise<void>
}

/** Matches `compatibility_date` in wrangler.toml. */
const compatibilityDate = '2026-11-17'

/**
 * Starts workerd with its files in `folder`; resolves once it listens. Rejects with a
 * `SettingsError` where it can't.
 */
export async function startWorkerd(
  settings: Settings,
  folder: string,
  tls?: Tls,
): Promise<Workerd> {
  const binary = findBinary()
  await bundle(join(folder, 'edge.js'))
  const config = join(folder, 'config.capnp')
  const door = join(folder, 'control')
  // The key is in it: for this person alone, as the folder is.
  writeFileSync(config, configure(settings, door, tls), { mode: 0o600 })
  const child = spawn(binary, ['serve', config, '--control-fd=3'], {
    // In the environment keys are seen by nobody else, and need no escaping.
    env: { ...process.env, SLUICE_CONFIG: JSON.stringify(forWorker(settings)) },
    // In a group of its own: a terminal's Ctrl-C is for the supervisor, which lets streams end.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  process.on('exit', () => child.kill('SIGKILL'))
  const [, stdout, stderr, control] = child.stdio as unknown as Readable[]
  if (!stdout || !stderr || !control) throw new Error('workerd was started without its pipes')
  const port = await listening(child, control, stderr, settings)
  const log = settings.log === 'none' ? 'none' : 'json'
  return {
    process: child,
    port,
    stdout,
    stderr,
    look: async () => (await ask(door)) as EngineStatus[],
    reload: async (next) => void (await ask(door, JSON.stringify(forWorker({ ...next, log })))),
  }
}

/**
 * A worker refuses settings that it cannot honour, such as the port: this process does that. Where
 * host names are checked, the name it listens at is allowed.
 */
function forWorker(settings: Settings): Partial<Settings> {
  const { allowHost, host } = settings
  const own = host.includes(':') ? `[${host}]` : host
  const isChecked = allowHost.length > 0 && !allowHost.includes(own)
  return {
    ...supportedBy(settings, 'worker'),
    ...(isChecked && { allowHost: [...allowHost, own] }),
  }
}

/** Ends workerd: it lets running streams end for `graceMs`, then it is killed. */
export async function endWorkerd(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await ended
  clearTimeout(timer)
}

/** `door` is a socket for this process alone: it lies in a folder that nobody else may enter. */
function configure({ host, port }: Settings, door: string, tls?: Tls): string {
  // workerd has one folder: the built page, which holds what the others do.
  const folder = pageFolders.findLast((each) => existsSync(each))
  const page = folder && fileURLToPath(folder)
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "sluice", worker = (
      modules = [(name = "edge.js", esModule = embed "edge.js")],
      compatibilityDate = "${compatibilityDate}",
      bindings = [
        (name = "SLUICE_CONFIG", fromEnvironment = "SLUICE_CONFIG"),
        (name = "EXPOSURE", text = "${exposureOf(host)}"),
        ${page === undefined ? '' : '(name = "ASSETS", service = "page"),'}
      ],
      globalOutbound = "upstreams",
    )),
    ${page === undefined ? '' : `(name = "page", disk = ${JSON.stringify(page)}),`}
    (name = "upstreams", network = (
      allow = ["public", "private", "local"],
      tlsOptions = (trustBrowserCas = true),
    )),
  ],
  sockets = [
    (name = "http", address = ${JSON.stringify(address)}, ${protocol(tls)}, service = "sluice"),
    (
      name = "control",
      address = ${JSON.stringify(`unix:${door}`)},
      http = (),
      service = (name = "sluice", entrypoint = "control"),
    ),
  ],
);
`
}

/** The certificate and its key are base64 and lines, which JSON escapes as Cap'n Proto does. */
function protocol(tls: Tls | undefined): string {
  if (tls === undefined) return 'http = ()'
  const [key, cert] = [tls.key, tls.cert].map((text) => JSON.stringify(text))
  return `https = (
        options = (),
        tlsOptions = (keypair = (privateKey = ${key}, certificateChain = ${cert})),
      )`
}

/**
 * The worker as one module: as it was packed, as it lies beside a program that is one file, or
 * bundled now from a checkout.
 */
async function bundle(outfile: string): Promise<void> {
  const beside = join(dirname(process.argv[1] ?? ''), 'edge.js')
  if (!isCheckout || existsSync(beside)) {
    copyFileSync(isCheckout ? beside : workerUrl('edge'), outfile)
    return
  }
  const { build, stop } = await import('esbuild')
  await build({
    entryPoints: [fileURLToPath(workerUrl('edge'))],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker'],
    logLevel: 'error',
  })
  // Its service would else stay beside the server for as long as that runs.
  await stop()
}

function findBinary(): string {
  const require = createRequire(import.meta.url)
  try {
    const { default: path } = require('workerd') as { default: string }
    return path
  } catch (cause) {
    throw new SettingsError('workerd is not installed; get it with: npm install workerd', { cause })
  }
}

/** The port it says it listens on, or why it ended instead. */
function listening(
  child: ChildProcess,
  control: Readable,
  stderr: Readable,
  settings: Settings,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (bytes: Buffer) => {
      said += bytes.toString()
    }
    stderr.on('data', hear)
    child.once('error', reject)
    child.once('close', () => reject(toError(said, settings)))
    createInterface({ input: control }).on('line', (line) => {
      const { event, socket, port } = JSON.parse(line) as Record<string, unknown>
      if (event !== 'listen' || socket !== 'http') return
      stderr.off('data', hear)
      if (said !== '') process.stderr.write(said)
      resolve(Number(port))
    })
  })
}

/** What workerd said before it gave up; where the system refused it, why. */
function toError(said: string, settings: Settings): Error {
  const codes: [RegExp, string][] = [
    [/Address already in use/, 'EADDRINUSE'],
    [/Permission denied/, 'EACCES'],
    [/Cannot assign requested address/, 'EADDRNOTAVAIL'],
    [/getaddrinfo|Name or service not known|no address/i, 'ENOTFOUND'],
  ]
  const code = codes.find(([pattern]) => pattern.test(said))?.[1]
  return code ? explain({ code }, settings) : new Error(`workerd did not start: ${said.trim()}`)
}

/** Asks the worker; a body is the settings it is to serve by. */
async function ask(socketPath: string, body?: string): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'PUT'
    request({ socketPath, agent: false, method }, resolve).on('error', reject).end(body)
  })
  const answer = await json(response)
  if (response.statusCode !== 200)
    throw new SettingsError(String((answer as { error?: unknown }).error))
  return answer
}
