// What each host is made of: the npm packages it needs and the command that runs it from a checkout.

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'

/** The repository's folder, absolute. */
export const root = fileURLToPath(new URL('..', import.meta.url))

const exe = process.platform === 'win32' ? '.exe' : ''
// The binaries themselves: their launchers in .bin cost 50 ms and stand between us and a signal.
const binaries = {
  bun: 'bun/bin/bun.exe',
  deno: `deno/deno${exe}`,
  node: `node/bin/node${exe}`,
  workerd: `workerd/bin/workerd${exe}`,
}

/** @typedef {keyof typeof binaries} Runtime */
/** @typedef {{ packages: string[], entry: string, worker?: string, args: string[], runtime: Runtime, env: Record<string, string> }} HostParts */

/** The tools that write files. */
const WRITERS = ['chat', 'record', 'check']

/** What Node compiled once it need not compile again: a fifth of the time it takes to start. */
const compiled = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/sluice/compiled') }

/** @type {Record<Runtime, HostParts>} */
export const hosts = {
  bun: {
    packages: ['bun', 'esbuild'],
    runtime: 'bun',
    entry: 'src/hosts/bun.ts',
    args: [],
    // What src/hosts/bun.ts would start anew for.
    env: { BUN_CONFIG_MAX_HTTP_REQUESTS: '65336', MIMALLOC_PURGE_DELAY: '1000' },
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
      // MiB. Young objects fill all that V8 allows them before it collects: a thousand streams
      // took nearly twice as much, and no time was gained.
      '--v8-flags=--max-semi-space-size=4',
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
    env: compiled,
  },
  workerd: {
    packages: ['workerd', 'esbuild', 'node'],
    runtime: 'node',
    entry: 'src/hosts/workerd.ts',
    worker: 'worker/edge.ts',
    args: [],
    env: compiled,
  },
}

/** The runtime's binary below node_modules, absolute. @param {Runtime} runtime */
export function binaryOf(runtime) {
  return join(root, 'node_modules', binaries[runtime])
}

/** Whether the package's install script has put its binary in place. @param {string} name */
export function hasBinary(name) {
  const path = name in binaries && binaryOf(/** @type {Runtime} */ (name))
  // Until then a small launcher that only complains may lie there.
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
    args: [...host.args, ...writing(name, args), entryOf(host), ...args],
    env: { ...process.env, ...host.env },
    cwd: root,
  }
}

/**
 * What serves may write nothing; a tool writes the file it is told to.
 * @param {Runtime} name @param {string[]} args
 */
function writing(name, [tool = '']) {
  return name === 'deno' && WRITERS.includes(tool) ? ['--allow-write'] : []
}

/** @param {HostParts} host */
function entryOf({ runtime, entry, worker }) {
  return runtime === 'workerd' ? entry : bundle(entry, runtime, binaryOf(runtime), worker)
}
