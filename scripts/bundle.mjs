// A program as one file: a runtime starts from it in a fraction of the time that hundreds of small
// ones take it. Made anew when a source or a package has changed.

import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'node_modules/.cache/sluice/start')

/**
 * The path of `entry` and all that it imports as one file; `entry` itself where esbuild is not
 * installed or can't do it, so that the runtime says what is wrong.
 * @param {string} entry below the repository's folder
 */
export function bundle(entry) {
  const name = basename(entry, '.ts')
  const path = join(folder, `${name}-${fingerprint()}.mjs`)
  if (exists(path)) return path
  try {
    const partial = `${path}.${process.pid}`
    build(entry, partial)
    renameSync(partial, path)
    removeOlder(name, path)
    return path
  } catch {
    return entry
  }
}

/** @param {string} entry @param {string} outfile */
function build(entry, outfile) {
  /** @type {typeof import('esbuild')} */
  const esbuild = createRequire(import.meta.url)('esbuild')
  mkdirSync(folder, { recursive: true })
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

/** What was made of older sources. @param {string} name @param {string} path */
function removeOlder(name, path) {
  for (const file of readdirSync(folder)) {
    const isOlder = file.startsWith(`${name}-`) && file.endsWith('.mjs') && file !== basename(path)
    if (isOlder) rmSync(join(folder, file), { force: true })
  }
}

/** @param {string} path */
function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
