// The npm packages that only the page needs: those that are missing are installed into a folder of their own,
// so that nothing changes beneath a server that runs from node_modules.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { root } from './hosts.mjs'
import { npm } from './install.mjs'

/** @typedef {Record<string, string>} Ranges */
/** @typedef {{ version?: string, dev?: boolean, dependencies?: Ranges, optionalDependencies?: Ranges, peerDependencies?: Ranges }} Entry */
/** @typedef {Record<string, Entry>} Lockfile by path: `node_modules/marked` */

/** Packages that could not be installed: `reason` names no folder of this machine. */
export class InstallError extends Error {
  /** @param {string} reason @param {string} output what npm printed */
  constructor(reason, output) {
    super(`npm: ${reason}`)
    this.reason = reason
    this.output = output
    this.isOffline = reason.startsWith(OFFLINE)
  }
}

const OFFLINE = 'its registry could not be reached'

/** The packages that the page's sources import and no server needs, sorted. */
export async function pagePackages() {
  const { build, stop } = await import('esbuild')
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['demo/main.tsx'],
    bundle: true,
    packages: 'external',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    format: 'esm',
    outdir: 'none',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  await stop()
  const paths = Object.values(metafile.outputs).flatMap(({ imports }) => imports)
  const names = paths.map(({ path }) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path)
  const lock = lockfile()
  return [...new Set(names)].filter((name) => lock[`node_modules/${name}`]?.dev).sort()
}

/** Those of the packages that the checkout's node_modules has not in the lockfile's version. @param {string[]} names */
export function missingPackages(names) {
  const lock = lockfile()
  const paths = Object.keys(closure(lock, names))
  const lacking = paths.filter((path) => versionAt(join(root, path)) !== lock[path]?.version)
  // One that is missing only within another's folder makes that one incomplete.
  return [...new Set(lacking.map((path) => path.slice(path.indexOf('/') + 1)))]
}

/**
 * Installs packages and all that they need, in the versions of package-lock.json, below `folder`.
 * @param {string[]} names
 * @param {string} folder
 * @param {AbortSignal} signal ends npm, and leaves nothing
 * @returns {Promise<string>} the `node_modules` that has them
 * @throws {InstallError}
 */
export async function installApart(names, folder, signal) {
  const packages = closure(lockfile(), names)
  const id = createHash('sha256').update(JSON.stringify(packages)).digest('hex').slice(0, 16)
  const place = join(folder, `packages-${id}`)
  if (existsSync(place)) return join(place, 'node_modules')
  // Another start in the same checkout may be installing too: the first to end has installed for both.
  const partial = `${place}.${process.pid}`
  try {
    mkdirSync(partial, { recursive: true })
    writeManifests(partial, names, packages)
    await npmCi(partial, signal)
    renameIfFirst(partial, place)
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
  return join(place, 'node_modules')
}

/** What npm needs to install exactly these. @param {string} folder @param {string[]} names @param {Lockfile} packages */
function writeManifests(folder, names, packages) {
  const dependencies = Object.fromEntries(
    names.map((name) => [name, packages[`node_modules/${name}`]?.version]),
  )
  const self = { name: 'sluice-page', version: '0.0.0', private: true, dependencies }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(self))
  const lock = { ...self, lockfileVersion: 3, requires: true, packages: { '': self, ...packages } }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
}

/** @param {string} from @param {string} to */
export function renameIfFirst(from, to) {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(to)) throw error
  }
}

/** @param {string} cwd @param {AbortSignal} signal @returns {Promise<void>} */
function npmCi(cwd, signal) {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error']
  const command = npm(['ci', ...flags])
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, {
      cwd,
      shell: command.shell,
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
      killSignal: 'SIGTERM',
    })
    lowerPriority(child.pid)
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    child.once('error', (error) => {
      reject(new InstallError(`it could not be started; install Node with npm`, error.message))
    })
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new InstallError(reasonIn(output), output))
    })
  })
}

/** @param {string} output what npm printed */
function reasonIn(output) {
  const code = /\bcode (E[A-Z]\w+)/.exec(output)?.[1]
  if (code === undefined) return 'npm ci failed'
  const isOffline = /^(?:ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|ENOTCACHED)$/.test(code)
  return isOffline ? `${OFFLINE} (${code})` : `npm ci failed (${code})`
}

/** Where the system lets it: a server's requests come first. @param {number | undefined} pid */
export function lowerPriority(pid) {
  try {
    if (pid !== undefined) setPriority(pid, 10)
  } catch {
    // It has ended already, or the system does not allow it.
  }
}

/**
 * The packages with all that they need, as the lockfile has them, and not as development packages.
 * @param {Lockfile} lock @param {string[]} names @returns {Lockfile}
 */
function closure(lock, names) {
  /** @type {Lockfile} */
  const found = {}
  const waiting = names.map((name) => `node_modules/${name}`)
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const entry = lock[path]
    if (entry === undefined || path in found) continue
    const { dev, ...rest } = entry
    found[path] = rest
    const { dependencies, optionalDependencies, peerDependencies } = entry
    const needed = { ...dependencies, ...optionalDependencies, ...peerDependencies }
    for (const name of Object.keys(needed)) waiting.push(pathOf(lock, name, path))
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Where a package finds another one: beside itself, or in a folder above. @param {Lockfile} lock @param {string} name @param {string} from */
function pathOf(lock, name, from) {
  for (
    let folder = from;
    folder !== '';
    folder = folder.slice(0, folder.lastIndexOf('node_modules/'))
  ) {
    const path = `${folder.replace(/\/$/, '')}/node_modules/${name}`
    if (lock[path]) return path
  }
  return `node_modules/${name}`
}

/** @returns {Lockfile} */
function lockfile() {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
}

/** @param {string} folder @returns {string | undefined} */
function versionAt(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
  } catch {
    return undefined
  }
}
