// Prometheus and promtool, for the tests: those of the machine, or else of Debian's package, which is unpacked
// below node_modules/.cache.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { unpackPackages } from './debian.mjs'
import { root } from './hosts.mjs'

const folder = join(root, 'node_modules/.cache/sluice/prometheus')
const programs = /** @type {const} */ (['prometheus', 'promtool'])

/** @typedef {typeof programs[number]} Program */

/**
 * The path of one of the two programs; undefined where there is none yet.
 * @param {Program} name
 */
export function prometheusProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(folder, 'usr/bin')]
  return folders.map((each) => join(each, name)).find((path) => existsSync(path))
}

/** Brings the programs where they are missing. Returns the reason why that is not possible, if it is not. */
export function bringPrometheus() {
  if (programs.every(prometheusProgram)) return undefined
  return unpackPackages(['prometheus'], folder)
}
