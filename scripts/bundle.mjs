// Bundles a program into one file, and what it loads later into a second one, from which a runtime starts in
// a fraction of the time that hundreds of small files take. They are made again when a source or a package has
// changed.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundleInParts, partsOf } from './bundle-parts.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'node_modules/.cache/sluice/start')

/**
 * The file form from which each runtime starts fastest. Node reads all exports of `node:http` where an
 * ES module imports it, and one of these loads undici (100 ms). Bun makes bytecode only of CommonJS
 * without a top-level `await`; there `import process` would read `process.stdout`, which loads streams
 * (10 ms), and the global `process` does not.
 */
const FORMS = { bun: 'js', deno: 'mjs', node: 'cjs' }

/**
 * Returns the path of a file with `entry` and all of its imports, which calls the entry's `main`. Where
 * esbuild is not installed or fails it returns `entry` itself, so that the runtime reports the error.
 * @param {string} entry below the repository's folder
 * @param {keyof typeof FORMS} runtime
 * @param {string} binary of the runtime
 * @param {string} [worker] below the repository's folder: the worker that the entry runs on workerd,
 * which is bundled into a file beside the first one
 */
export function bundle(entry, runtime, binary, worker) {
  const name = basename(entry, '.ts')
  const form = FORMS[runtime]
  const made = join(folder, `${name}.${form}-${fingerprint(entry)}`)
  const path = join(made, `${name}.${form}`)
  if (exists(path)) return path
  const partial = `${made}.${process.pid}`
  try {
    const source = runtime === 'bun' ? join(partial, 'source') : partial
    const files = build(entry, join(source, `${name}.${form}`), runtime === 'deno' ? 'esm' : 'cjs')
    if (worker) buildWorker(worker, join(partial, `${basename(worker, '.ts')}.js`))
    if (runtime === 'bun') compile(binary, files, partial)
    renameSync(partial, made)
    removeOlder(`${name}.${form}`, made)
    return path
  } catch {
    rmSync(partial, { recursive: true, force: true })
    return exists(path) ? path : entry
  }
}

/** @param {string} entry @param {string} outfile @param {'cjs' | 'esm'} format */
function build(entry, outfile, format) {
  const [contents, options] = programOf(entry)
  return bundleInParts(esbuild(), { root, contents, outfile, format }, options)
}

/** @param {string} entry @param {string} outfile */
function buildWorker(entry, outfile) {
  const [contents, options] = workerOf(entry)
  bundleInParts(esbuild(), { root, contents, outfile, format: 'esm' }, options)
}

/** What the command of the package runs on: a start loads one of these hosts. */
const HOSTS = ['bun', 'deno', 'node']

/**
 * Writes what src/hosts/start.ts does, with paths that can be followed: its program, and beside it each host and
 * what is loaded later. They must lie where that file does once it is compiled: modules that locate files do so
 * relative to themselves.
 * @param {string} outfile
 */
export function bundleCommand(outfile) {
  const apart = HOSTS.map((name) => `src/hosts/${name}.ts`)
  const hosts = HOSTS.map((name, index) => `${name}: () => import('./${apart[index]}')`)
  const contents = `const hosts = { ${hosts.join(', ')} }
export const startOn = async (name) => (await hosts[name]()).main(process.argv.slice(2))`
  const program = { root, contents, outfile, format: /** @type {const} */ ('esm'), apart }
  const define = { 'import.meta.main': 'false' }
  return bundleInParts(esbuild(), program, { ...programOptions, define })
}

/**
 * The files that a program loads when it starts, and their bytes as they are bundled. A worker has no `main`.
 * @param {string} entry below the repository's folder
 */
export function loadedAtStart(entry) {
  const [contents, options] = entry.startsWith('worker/') ? workerOf(entry) : programOf(entry)
  const { first, metafile } = partsOf(esbuild(), root, contents, options)
  const [output] = Object.values(metafile.outputs)
  const sizes = [...first].map((file) => output?.inputs[file]?.bytesInOutput ?? 0)
  return { files: [...first], bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

/** @param {string} entry @returns {[string, import('esbuild').BuildOptions]} */
function programOf(entry) {
  const contents = `import * as program from ${JSON.stringify(`./${entry}`)}\nvoid program.main?.()`
  const define = {
    // Modules that locate files do so relative to the entry.
    'import.meta.url': JSON.stringify(pathToFileURL(join(root, entry)).href),
    // The bundle calls the entry's `main` itself, and no other module's.
    'import.meta.main': 'false',
  }
  return [contents, { ...programOptions, define }]
}

/** @param {string} entry @returns {[string, import('esbuild').BuildOptions]} */
function workerOf(entry) {
  const from = JSON.stringify(`./${entry}`)
  const contents = `export * from ${from}\nexport { default } from ${from}`
  return [contents, { ...pack, conditions: ['workerd', 'worker'] }]
}

/** @type {import('esbuild').BuildOptions} */
const pack = {
  target: 'es2024',
  // Names are kept for the stacks of errors.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'silent',
}

/** @type {import('esbuild').BuildOptions} */
const programOptions = {
  ...pack,
  platform: 'node',
  // The CommonJS form of jsonc-parser loads its parts in a way that esbuild cannot follow.
  mainFields: ['module', 'main'],
  external: ['esbuild', 'workerd', '@redis/client'],
}

/** @returns {typeof import('esbuild')} */
function esbuild() {
  return createRequire(import.meta.url)('esbuild')
}

/** Bytecode beside CommonJS files. @param {string} bun @param {string[]} files @param {string} outdir */
function compile(bun, files, outdir) {
  const how = ['--bytecode', '--target=bun', '--format=cjs', '--outdir', outdir]
  how.push('--external', '@redis/client')
  execFileSync(bun, ['build', ...how, ...files], { stdio: 'ignore' })
}

/** A hash that changes with the entry, the sources, the lockfile and how they are bundled. @param {string} entry */
function fingerprint(entry) {
  const hash = createHash('sha256')
  // Each runtime lists a folder in an order of its own.
  const files = ['src', 'worker'].flatMap(filesBelow).sort()
  const scripts = ['scripts/bundle.mjs', 'scripts/bundle-parts.mjs']
  for (const file of [...files, entry, 'package-lock.json', ...scripts]) {
    const { mtimeMs, size } = statSync(join(root, file))
    hash.update(`${file} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

/**
 * The files of a folder, if there is one. Node's own recursive listing takes five times as long.
 * @param {string} folder @returns {string[]}
 */
function filesBelow(folder) {
  if (!exists(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((each) => {
    const path = join(folder, each.name)
    return each.isDirectory() ? filesBelow(path) : [path]
  })
}

/** Removes the bundles of older sources. @param {string} name @param {string} made */
function removeOlder(name, made) {
  for (const each of readdirSync(folder)) {
    const isOlder = each.startsWith(`${name}-`) && each !== basename(made)
    if (isOlder) rmSync(join(folder, each), { recursive: true, force: true })
  }
}

/** @param {string} path */
function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
