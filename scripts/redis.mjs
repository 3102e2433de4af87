// Redis for the tests: that of the machine, or else of Debian's packages, which are unpacked below
// node_modules/.cache.

import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { unpackPackages } from './debian.mjs'
import { root } from './hosts.mjs'

const folder = join(root, 'node_modules/.cache/sluice/redis')
const programs = /** @type {const} */ (['redis-server', 'redis-sentinel', 'redis-cli'])
// The last two are what the programs are linked with and a small system lacks.
const packages = ['redis-server', 'redis-sentinel', 'redis-tools', 'libjemalloc2', 'liblzf1']

/** @typedef {typeof programs[number]} Program */

/**
 * The path of one of the programs; undefined where there is none yet.
 * @param {Program} name
 */
export function redisProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(folder, 'usr/bin')]
  return folders.map((each) => join(each, name)).find((path) => existsSync(path))
}

/** The environment that the programs run with: it has the folder of the unpacked libraries. */
export function redisEnvironment() {
  const above = join(folder, 'usr/lib')
  if (!existsSync(above)) return process.env
  const libraries = readdirSync(above).map((name) => join(above, name))
  const known = process.env.LD_LIBRARY_PATH
  return { ...process.env, LD_LIBRARY_PATH: [...libraries, known].filter(Boolean).join(delimiter) }
}

/** Brings the programs where they are missing. Returns the reason why that is not possible, if it is not. */
export function bringRedis() {
  if (programs.every(redisProgram)) return undefined
  return unpackPackages(packages, folder)
}
