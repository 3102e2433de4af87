// The folder with the builds of the page: each in a folder of its own, with the sources that it was made from.

import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { root } from './hosts.mjs'
import { buildPageFiles } from './page.mjs'

/**
 * A build: `inputs` says by path what each of its sources was.
 * @typedef {{ id: string, folder: string, inputs: Record<string, string> }} Build
 */

/** The builds that are kept, for pages that are open still and load a part later. */
const MAX_KEPT = 3

/** A change of these changes the page, though no source of it imports them. */
const ALWAYS = [
  'package-lock.json',
  'scripts/page.mjs',
  'scripts/page-html.mjs',
  'src/routes/policy.ts',
]

/**
 * Builds the page into a new folder below `cache`.
 * @param {string} cache
 * @param {string[]} packages folders of packages besides the checkout's
 * @returns {Promise<Build>}
 */
export async function makeBuild(cache, packages) {
  const began = Date.now()
  const id = `${began.toString(36)}-${process.pid}`
  const folder = join(cache, `build-${id}`)
  const partial = `${folder}.${process.pid}`
  try {
    const made = await buildPageFiles(partial, { packages, build: id })
    const sources = made.inputs.filter((path) => !path.includes('node_modules'))
    const inputs = Object.fromEntries(
      [...sources, ...ALWAYS].map((path) => [path, stateOf(path, began)]),
    )
    writeFileSync(join(partial, INPUTS), JSON.stringify(inputs))
    renameSync(partial, folder)
    removeOlder(cache)
    return { id, folder, inputs }
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

const INPUTS = 'inputs.json'

/** Whether no source has changed since, and the build is there still. @param {Build} build */
export function isCurrent({ folder, inputs }) {
  return (
    existsSync(join(folder, INPUTS)) &&
    Object.entries(inputs).every(([path, state]) => stateOf(path) === state)
  )
}

/** The last build, if no source has changed since. @param {string} cache @returns {Build | undefined} */
export function lastBuild(cache) {
  const [folder] = buildsIn(cache)
  if (folder === undefined) return undefined
  try {
    const inputs = JSON.parse(readFileSync(join(folder, INPUTS), 'utf8'))
    const build = { id: folder.slice(folder.lastIndexOf('build-') + 6), folder, inputs }
    return isCurrent(build) ? build : undefined
  } catch {
    return undefined
  }
}

/** The folders of all builds, the newest first. @param {string} cache */
export function buildsIn(cache) {
  const names = readdirOf(cache).filter((name) => /^build-[\w-]+$/.test(name))
  return names
    .sort()
    .map((name) => join(cache, name))
    .reverse()
}

/**
 * Removes what a process has begun and not completed: this one, or all that have ended.
 * @param {string} cache @param {number} [of]
 */
export function removePartial(cache, of) {
  for (const name of readdirOf(cache)) {
    const pid = Number(/\.(\d+)$/.exec(name)?.[1])
    if (Number.isNaN(pid)) continue
    if (pid === of || (of === undefined && !isRunning(pid))) {
      rmSync(join(cache, name), { recursive: true, force: true })
    }
  }
}

/** Whether files can be written into the folder, which is made. @param {string} folder */
export function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** @param {string} cache */
function removeOlder(cache) {
  for (const folder of buildsIn(cache).slice(MAX_KEPT)) {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * A file that was written since `began` may have been read before: it counts as changed.
 * @param {string} path @param {number} [began]
 */
function stateOf(path, began = Number.POSITIVE_INFINITY) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false })
  if (stats === undefined) return 'none'
  return stats.mtimeMs >= began ? 'unknown' : `${stats.mtimeMs} ${stats.size}`
}

/** @param {string} folder */
function readdirOf(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is another user's.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}
