// The npm packages that each host needs, and the command that runs it from a checkout.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'

/** The repository's folder, absolute. */
export const root = fileURLToPath(new URL('..', import.meta.url))

const exe = process.platform === 'win32' ? '.exe' : ''
// The binaries themselves: the launchers in .bin take 50 ms, and do not pass on every signal.
const binaries = {
  bun: 'bun/bin/bun.exe',
  deno: `deno/deno${exe}`,
  node: `node/bin/node${exe}`,
  workerd: `workerd/bin/workerd${exe}`,
}

/** @typedef {keyof typeof binaries} Runtime */
/** @typedef {{ packages: string[], entry: string, worker?: string, args: string[], runtime: Runtime, env: Record<string, string> }} HostParts */

/** The programs that doctor runs, where there are any. */
const ASKED = ['nvidia-smi', 'system_profiler', 'lsof', 'ss', 'sh', 'sluice']

/** The tools that write files. */
const WRITERS = ['chat', 'record', 'check']

/** Node's cache of compiled code, which saves a fifth of its start time. */
const compileCache = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/sluice/compiled') }

/** As in src/hosts/node/compile-sooner.ts, which says why. */
const COMPILE_SOONER = [
  '--invocation-count-for-maglev=100',
  '--minimum-invocations-after-ic-update=100',
]

/** @type {Record<Runtime, HostParts>} */
export const hosts = {
  bun: {
    packages: ['bun', 'esbuild'],
    runtime: 'bun',
    entry: 'src/hosts/bun.ts',
    args: [],
    // Set here, because src/hosts/bun.ts would otherwise have to start Bun a second time.
    env: {
      BUN_CONFIG_MAX_HTTP_REQUESTS: '65336',
      MIMALLOC_PURGE_DELAY: '1000',
      BUN_JSC_thresholdForJITAfterWarmUp: '50',
      BUN_JSC_thresholdForJITSoon: '20',
      BUN_JSC_thresholdForOptimizeAfterWarmUp: '200',
      BUN_JSC_thresholdForOptimizeSoon: '200',
      BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: '1000000',
      BUN_JSC_thresholdForFTLOptimizeSoon: '10000',
    },
  },
  deno: {
    packages: ['deno', 'esbuild'],
    runtime: 'deno',
    entry: 'src/hosts/deno.ts',
    args: [
      'run',
      '--no-prompt',
      '--no-lock',
      '--node-modules-dir=manual',
      '--cached-only',
      // MiB. V8 lets new objects fill this space before it collects garbage: with its default a
      // thousand streams took nearly twice the memory, and were no faster.
      `--v8-flags=--max-semi-space-size=4,${COMPILE_SOONER.join(',')}`,
      '--allow-net',
      '--allow-env',
      '--allow-read',
      '--allow-sys',
    ],
    env: { DENO_NO_UPDATE_CHECK: '1' },
  },
  node: {
    packages: ['node', 'esbuild'],
    runtime: 'node',
    entry: 'src/hosts/node.ts',
    args: [],
    env: compileCache,
  },
  workerd: {
    packages: ['workerd', 'esbuild', 'node'],
    runtime: 'node',
    entry: 'src/hosts/workerd.ts',
    worker: 'worker/edge.ts',
    args: [],
    env: compileCache,
  },
}

/**
 * The runtime's binary, absolute: that of its package, or the Node that runs this where it will do.
 * @param {Runtime} runtime
 */
export function binaryOf(runtime) {
  const path = packaged(runtime)
  return runtime === 'node' && ownNodeDoes() && !existsSync(path) ? process.execPath : path
}

/** The binary of the runtime's package. @param {Runtime} runtime */
function packaged(runtime) {
  return join(root, 'node_modules', binaries[runtime])
}

/** Whether a server can run on the Node that runs this, so that its package need not be installed. */
export function ownNodeDoes({ bun, deno, node } = process.versions) {
  return bun === undefined && deno === undefined && Number.parseInt(node, 10) >= 24
}

/** Whether the package's install script has put its binary in place. @param {string} name */
export function hasBinary(name) {
  const path = name in binaries && packaged(/** @type {Runtime} */ (name))
  // Until the script has run, there may be a small launcher that only prints an error.
  return !path || (existsSync(path) && statSync(path).size > 1e6)
}

/**
 * The command that runs a host from the checkout; `cwd` is the repository's folder.
 * @param {Runtime} name
 * @param {string[]} [args] the host's own flags
 * @param {string} [entry] below the repository's folder: runs this program instead of the host's own
 * @returns {{ file: string, args: string[], env: NodeJS.ProcessEnv, cwd: string }}
 */
export function hostCommand(name, args = [], entry = hosts[name].entry) {
  const host = { ...hosts[name], entry }
  return {
    file: binaryOf(host.runtime),
    args: [...host.args, ...writing(name, args), ...starting(name, args), entryOf(host), ...args],
    // What the user has set is right.
    env: { ...host.env, ...process.env },
    cwd: root,
  }
}

/**
 * Permission to write files, which only the tools that save something need.
 * @param {Runtime} name @param {string[]} args
 */
function writing(name, [tool = '']) {
  return name === 'deno' && WRITERS.includes(tool) ? ['--allow-write'] : []
}

/**
 * Permission to start programs, only where the settings name one: it allows everything.
 * @param {Runtime} name @param {string[]} args
 */
function starting(name, args) {
  if (name !== 'deno') return []
  // What doctor asks for GPUs, limits and other versions of sluice.
  if (args[0] === 'doctor') return askedOf(ASKED)
  const texts = [...args, process.env.SLUICE_UPSTREAM ?? '', ...settingsTexts(args)]
  return texts.some((text) => /["']run["']\s*:/.test(text)) ? ['--allow-run'] : []
}

/**
 * Permission to run the programs of these names that there are: of others, Deno says that it knows none.
 * @param {string[]} names
 */
function askedOf(names) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const there = names.flatMap((name) =>
    folders.map((folder) => join(folder, name)).filter((path) => existsSync(path)),
  )
  return there.length > 0 ? [`--allow-run=${[...new Set(there)].join(',')}`] : []
}

/**
 * The texts that may be the settings file: what needs them has to be known before packages are installed that
 * could read them.
 * @param {string[]} args
 */
function settingsTexts(args) {
  const at = args.indexOf('--config')
  const named = [
    ...(at === -1 ? [] : [args[at + 1] ?? '']),
    ...args.filter((each) => each.startsWith('--config=')).map((each) => each.slice(9)),
  ]
  const { SLUICE_CONFIG = '' } = process.env
  return [SLUICE_CONFIG, ...[...named, 'sluice.json', 'sluice.jsonc'].map(textOf)]
}

/**
 * Whether the settings name a Redis server as the store.
 * @param {string[]} args
 */
export function namesRedis(args) {
  const isFlag = args.some((each) => each === '--state' || each.startsWith('--state='))
  const inFile = /["']?\bstate["']?\s*:\s*["']rediss?[+:]/
  return (
    isFlag ||
    process.env.SLUICE_STATE !== undefined ||
    settingsTexts(args).some((text) => inFile.test(text))
  )
}

/**
 * Whether the command line runs a server with a page, so that the page has to be built.
 * @param {string[]} args
 */
export function wantsPage(args) {
  const [first = ''] = args
  const isServer = first === '' || first === 'serve' || first.startsWith('-')
  const isText = args.some((each) => ['--help', '-h', '--version', '-v'].includes(each))
  const isOff =
    args.includes('--no-page') ||
    args.includes('--page=false') ||
    /^(?:false|0|no|off)$/i.test(process.env.SLUICE_PAGE ?? '') ||
    settingsTexts(args).some((text) => /["']?\bpage["']?\s*:\s*false/.test(text))
  return isServer && !isText && !isOff
}

/** The text of a settings file; empty where there is none. @param {string} file */
function textOf(file) {
  try {
    return readFileSync(resolve(root, file), 'utf8')
  } catch {
    return ''
  }
}

/** @param {HostParts} host */
function entryOf({ runtime, entry, worker }) {
  return runtime === 'workerd' ? entry : bundle(entry, runtime, binaryOf(runtime), worker)
}
