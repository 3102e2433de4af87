import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { EngineStatus } from '../../engines/registry/catalog.ts'
import { PAGE_SERVER } from '../../settings/environment.ts'
import { type Settings, SettingsError } from '../../settings/settings.ts'
import { supportedBy } from '../../settings/support.ts'
import { terminalText } from '../../util/safe/terminal.ts'
import { isCheckout, pageFolders, workerUrl } from '../location.ts'
import { exposureOf } from '../server/exposure.ts'
import { listenError } from '../server/process.ts'
import type { Tls } from '../server/tls.ts'
import { callControl, holdOpen } from './control.ts'
import { type ObjectsConfig, objectsConfig } from './objects.ts'

/** A workerd process that listens. */
export interface Workerd {
  process: ChildProcess
  /** The port it listens on, also where 0 was given. */
  port: number
  stdout: Readable
  stderr: Readable
  /** What the user should know of how it runs. */
  warnings: readonly string[]
  /** Makes the worker ask its engines for their models now. */
  refresh(): Promise<EngineStatus[]>
  /** Keeps workerd up, once it is asked to stop, until no stream runs in an object. Resolves at once. */
  holdForStreams(): Promise<void>
  /** Ends the connections of browser tabs once they have answered. Never rejects. */
  closeTabs(): Promise<void>
  /** Replaces the worker's settings. Rejects with a `SettingsError` where it rejects them. */
  reload(settings: Settings): Promise<void>
}

/** Matches `compatibility_date` in wrangler.toml. */
const compatibilityDate = '2026-11-17'

/**
 * Starts workerd with its files in `folder`; resolves once it listens. Rejects with a
 * `SettingsError` where it cannot listen.
 */
export async function startWorkerd(
  settings: Settings,
  folder: string,
  tls?: Tls,
): Promise<Workerd> {
  const binary = findBinary()
  const modules = await bundle(folder)
  const config = join(folder, 'config.capnp')
  const socketPath = join(folder, 'control')
  // They hold keys: only this user may read it, as only this user may enter the folder.
  const objects = objectsConfig(settings, folder)
  writeFileSync(config, configText(settings, { objects, socketPath, modules, tls }), {
    mode: 0o600,
  })
  // A file, since a variable of the environment holds 128 kB at most: some 500 keys.
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(forWorker(settings)), { mode: 0o600 })
  const child = spawn(binary, ['serve', config, '--control-fd=3'], {
    // A process group of its own, so that Ctrl-C reaches only this process, which lets streams end.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  process.on('exit', () => child.kill('SIGKILL'))
  if (child.pid !== undefined) objects.usedBy(child.pid)
  const [, stdout, stderr, control] = child.stdio as unknown as Readable[]
  if (!stdout || !stderr || !control) throw new Error('workerd: no pipes for its output')
  const port = await listening(child, control, stderr, settings)
  const log = settings.log === 'none' ? 'none' : 'json'
  return {
    process: child,
    port,
    stdout,
    stderr,
    warnings: objects.warnings,
    refresh: async () => (await callControl(socketPath)) as EngineStatus[],
    holdForStreams: () => holdOpen(socketPath, '/idle'),
    closeTabs: () => (settings.tabs ? holdOpen(socketPath, '/tabs') : Promise.resolve()),
    async reload(next) {
      await callControl(socketPath, JSON.stringify(forWorker({ ...next, log })))
    },
  }
}

/**
 * The settings for the worker, which rejects those that it does not support, such as the port. It does
 * not know the address it listens at, so that is added to the allowed host names where there are any.
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

/** Milliseconds within which workerd should say that it will wait for streams; one that hangs never does. */
const HOLD_TIMEOUT = 1_000

/** Stops workerd: running streams have `graceMs` to end, then the process is killed. */
export async function endWorkerd(
  workerd: Pick<Workerd, 'process' | 'holdForStreams' | 'closeTabs'>,
  graceMs: number,
): Promise<void> {
  const { process: child, holdForStreams, closeTabs } = workerd
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  // It stops listening at the signal, and tabs send what they answer over further connections.
  await Promise.race([closeTabs(), ended])
  await Promise.race([holdForStreams(), ended, sleep(HOLD_TIMEOUT)])
  child.kill('SIGTERM')
  await ended
  clearTimeout(timer)
}

interface ConfigParts {
  objects: ObjectsConfig
  socketPath: string
  /** The names of the worker's files, first the one that imports the others. */
  modules: readonly string[]
  tls?: Tls | undefined
}

/** Only this user can open the control socket: it lies in a folder that nobody else may enter. */
function configText({ host, port }: Settings, parts: ConfigParts): string {
  const { objects, socketPath, modules, tls } = parts
  const page = pageService()
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "sluice", worker = (
      modules = [${modules.map((name) => `(name = "${name}", esModule = embed "${name}")`).join(', ')}],
      compatibilityDate = "${compatibilityDate}",
      bindings = [
        (name = "SLUICE_CONFIG", json = embed "settings.json"),
        (name = "EXPOSURE", text = "${exposureOf(host)}"),
        ${page === undefined ? '' : '(name = "ASSETS", service = "page"),'}
        ${objects.bindings}
      ],
      ${objects.fields}
      globalOutbound = "upstreams",
    )),
    ${page === undefined ? '' : `(name = "page", ${page}),`}
    ${objects.services}
    (name = "upstreams", network = (
      allow = ["public", "private", "local"],
      tlsOptions = (trustBrowserCas = true),
    )),
  ],
  sockets = [
    (name = "http", address = ${JSON.stringify(address)}, ${protocol(tls)}, service = "sluice"),
    (
      name = "control",
      address = ${JSON.stringify(`unix:${socketPath}`)},
      http = (),
      service = (name = "sluice", entrypoint = "control"),
    ),
  ],
);
`
}

/** Where the worker gets the page's files: from `npm start`, or else from a folder. */
function pageService(): string | undefined {
  const lender = process.env[PAGE_SERVER]
  if (lender !== undefined) {
    return `external = (address = ${JSON.stringify(new URL(lender).host)}, http = ())`
  }
  // A disk service has one folder: that of the built page, which includes the files of demo/public.
  const folder = pageFolders.findLast((each) => existsSync(each))
  return folder && `disk = ${JSON.stringify(fileURLToPath(folder))}`
}

/** PEM is base64 in lines, whose line breaks JSON and Cap'n Proto escape alike. */
function protocol(tls: Tls | undefined): string {
  if (tls === undefined) return 'http = ()'
  const [key, cert] = [tls.key, tls.cert].map((text) => JSON.stringify(text))
  return `https = (
        options = (),
        tlsOptions = (keypair = (privateKey = ${key}, certificateChain = ${cert})),
      )`
}

/** The worker, and what it imports later, where that is a file of its own. */
const WORKER = 'edge.js'
const WORKER_REST = 'edge-rest.js'

/**
 * Writes the worker into the folder: copied from the package, copied from beside a program that was bundled,
 * or bundled now from a checkout. Returns the names of its files.
 */
async function bundle(folder: string): Promise<string[]> {
  const beside = dirname(process.argv[1] ?? '')
  if (isCheckout && existsSync(join(beside, WORKER))) {
    const names = [WORKER, WORKER_REST].filter((name) => existsSync(join(beside, name)))
    for (const name of names) copyFileSync(join(beside, name), join(folder, name))
    return names
  }
  const outfile = join(folder, WORKER)
  if (!isCheckout) {
    copyFileSync(workerUrl('edge'), outfile)
    return [WORKER]
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
  // Otherwise esbuild's service process would run as long as the server.
  await stop()
  return [WORKER]
}

function findBinary(): string {
  const require = createRequire(import.meta.url)
  try {
    const { default: path } = require('workerd') as { default: string }
    return path
  } catch (cause) {
    throw new SettingsError(
      'workerd: the npm package is not installed; install it with: npm install workerd',
      { cause },
    )
  }
}

/** Resolves with the port that workerd reports; rejects with its error output where it exits instead. */
function listening(
  child: ChildProcess,
  control: Readable,
  stderr: Readable,
  settings: Settings,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = ''
    const collect = (bytes: Buffer) => {
      output += bytes.toString()
    }
    stderr.on('data', collect)
    child.once('error', reject)
    child.once('close', () => reject(startError(output, settings)))
    createInterface({ input: control }).on('line', (line) => {
      const { event, socket, port } = JSON.parse(line) as Record<string, unknown>
      if (event !== 'listen' || socket !== 'http') return
      stderr.off('data', collect)
      if (output !== '') process.stderr.write(terminalText(output))
      resolve(Number(port))
    })
  })
}

/** The error for what workerd printed before it exited. */
function startError(output: string, settings: Settings): Error {
  const codes: [RegExp, string][] = [
    [/Address already in use/, 'EADDRINUSE'],
    [/Permission denied/, 'EACCES'],
    [/Cannot assign requested address/, 'EADDRNOTAVAIL'],
    [/getaddrinfo|Name or service not known|no address/i, 'ENOTFOUND'],
  ]
  const code = codes.find(([pattern]) => pattern.test(output))?.[1]
  return code
    ? listenError({ code }, settings)
    : new Error(`workerd: it exited before it listened, and printed: ${output.trim()}`)
}
