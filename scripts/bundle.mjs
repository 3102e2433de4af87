// A program as one file: a runtime starts from it in a fraction of the time that hundreds of small
// ones take it. Made anew when a source or a package has changed.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'node_modules/.cache/sluice/start')

/**
 * The path of `entry` and all that it imports as one file; `entry` itself where esbuild is not
 * installed or can't do it, so that the runtime says what is wrong.
 * @param {string} entry below the repository's folder
 * @param {string} [bun] the binary that compiles the file to its bytecode too: reading 150 KB of
 * source takes Bun 20 ms. Such a file awaits nothing at its top level.
 */
export function bundle(entry, bun) {
  const name = basename(entry, '.ts')
  const made = join(folder, `${name}-${fingerprint()}`)
  const path = join(made, `${name}.${bun ? 'js' : 'mjs'}`)
  if (exists(path)) return path
  const partial = `${made}.${process.pid}`
  try {
    build(entry, join(partial, `${name}.mjs`))
    if (bun) compile(bun, join(partial, `${name}.mjs`), partial)
    renameSync(partial, made)
    removeOlder(name, made)
    return path
  } catch {
    rmSync(partial, { recursive: true, force: true })
    return exists(path) ? path : entry
  }
}

/** @param {string} entry @param {string} outfile */
function build(entry, outfile) {
  /** @type {typeof import('esbuild')} */
  const esbuild = createRequire(import.meta.url)('esbuild')
  esbuild.buildSync({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2024',
    external: ['esbuild', 'workerd'],
    // Whoever asks where it lies stands beside the entry.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(root, entry)).href) },
    // Names stay, for the stack of an error.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
  })
}

/** Bytecode beside a CommonJS file. @param {string} bun @param {string} file @param {string} outdir */
function compile(bun, file, outdir) {
  const how = ['--bytecode', '--target=bun', '--format=cjs', '--outdir', outdir]
  execFileSync(bun, ['build', ...how, file], { stdio: 'ignore' })
}

/** Changes with every file of src and with what is installed. */
function fingerprint() {
  const hash = createHash('sha256')
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  for (const file of [...files.map((file) => join('src', file)), 'package-lock.json']) {
    const { mtimeMs, size } = statSync(join(root, file))
    hash.update(`${file} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

/** What was made of older sources. @param {string} name @param {string} made */
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
