// Installs npm packages only where package-lock.json says that something is missing.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { hasBinary, hosts, ownNodeDoes, root } from './hosts.mjs'

/** @typedef {{ version?: string, dev?: boolean, optional?: boolean, dependencies?: object, devDependencies?: object }} Entry */

/**
 * Installs the packages that a server on one host needs, and nothing else where the checkout has not
 * been set up for development.
 * @param {keyof typeof hosts} name
 * @param {string[]} [more] further packages that are needed
 * @throws when npm fails
 */
export function installForServing(name, more = []) {
  const wanted = [...hosts[name].packages, ...more].filter(
    // It is 190 MB, and its install script takes longer than all others together.
    (each) => each !== 'node' || installed(each) || !ownNodeDoes(),
  )
  /** @param {Entry} entry @param {string} path */
  const serves = (entry, path) => !entry.dev || wanted.includes(nameOf(path))
  const lacking = missing(serves)
  if (lacking.length === 0) return
  if (isSetUpForDevelopment()) return installAll()
  // npm removes packages that are not named here, so hosts that were installed before are named again.
  const keep = [...runtimes(), ...more].filter(
    (runtime) => wanted.includes(runtime) || installed(runtime),
  )
  const versions = lockfile()
  const specs = keep.map((each) => `${each}@${versions[`node_modules/${each}`]?.version}`)
  npmInstall(lacking, ['--omit=dev', '--no-save', '--save-prod', ...specs])
  verify(missing(serves))
}

/** Installs every package of package-lock.json that is missing. @throws when npm fails */
export function installAll() {
  const lacking = missing(() => true)
  if (lacking.length === 0) return
  // Without --no-save another version of npm would write the same lockfile in another form.
  npmInstall(lacking, agrees(lockfile()['']) ? ['--no-save'] : [])
  verify(missing(() => true))
}

/**
 * Names of the packages that are absent or of another version than the lockfile's.
 * @param {(entry: Entry, path: string) => boolean} isWanted
 */
function missing(isWanted) {
  const { '': checkout, ...packages } = lockfile()
  const lacking = Object.entries(packages)
    // Optional packages are mostly binaries for other platforms.
    .filter(([path, entry]) => !entry.optional && isWanted(entry, path))
    .filter(([path, entry]) => versionAt(path) !== entry.version || !hasBinary(nameOf(path)))
    .map(([path]) => nameOf(path))
  return agrees(checkout) ? lacking : ['packages that package.json has added', ...lacking]
}

/** Whether the lockfile was made from package.json as it is now. @param {Entry | undefined} locked */
function agrees(locked) {
  /** @type {Entry} */
  const named = readJson(join(root, 'package.json'))
  return (
    isDeepStrictEqual(named.dependencies, locked?.dependencies) &&
    isDeepStrictEqual(named.devDependencies, locked?.devDependencies)
  )
}

/** @returns {Record<string, Entry>} by path: `node_modules/zod` */
function lockfile() {
  return readJson(join(root, 'package-lock.json'))?.packages ?? {}
}

function runtimes() {
  return [...new Set(Object.values(hosts).flatMap((host) => host.packages))]
}

/** @param {string} name */
function installed(name) {
  return versionAt(`node_modules/${name}`) !== undefined
}

function isSetUpForDevelopment() {
  const { devDependencies } = readJson(join(root, 'package.json'))
  return Object.keys(devDependencies).some((name) => !runtimes().includes(name) && installed(name))
}

/** @param {string} path @returns {string | undefined} */
function versionAt(path) {
  return readJson(join(root, path, 'package.json'))?.version
}

/** @param {string} path `node_modules/a/node_modules/@b/c` */
function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/** @param {string} path */
function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

/** @param {string[]} lacking @param {string[]} args */
function npmInstall(lacking, args) {
  const named = lacking.slice(0, 5).join(', ')
  const more = lacking.length > 5 ? ` and ${lacking.length - 5} more` : ''
  console.error(`sluice: installing ${named}${more} with npm install; later starts skip this`)
  const command = npm(['install', '--loglevel=error', ...args])
  const { status, error } = spawnSync(command.file, command.args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: command.shell,
  })
  if (error) {
    throw new Error(`npm: it could not be started (${error.message}); install Node with npm.`)
  }
  if (status !== 0) {
    throw new Error(
      'npm: npm install failed; solve the problem that it printed above, and try again.',
    )
  }
}

/**
 * The command line of the npm that started this process, or else of the npm on PATH.
 * @param {string[]} args
 */
export function npm(args) {
  const path = process.env.npm_execpath
  const isNpm = path?.endsWith('npm-cli.js')
  if (path && isNpm) return { file: process.execPath, args: [path, ...args], shell: false }
  return { file: 'npm', args, shell: process.platform === 'win32' }
}

/** @param {string[]} lacking */
function verify(lacking) {
  if (lacking.length === 0) return
  const [first] = lacking
  throw new Error(
    hasBinary(first ?? '')
      ? `npm: expected the versions in package-lock.json, but after npm install these differ: ${lacking.join(', ')}; delete node_modules and try again.`
      : `npm: the install script of ${first} did not run; run it with: npm rebuild ${first}`,
  )
}
