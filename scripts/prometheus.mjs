// Prometheus and promtool, for the tests: those of the machine, or else of Debian's package, which is unpacked
// below node_modules/.cache. It is not installed: Debian would start it as a service.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './hosts.mjs'

const folder = join(root, 'node_modules/.cache/sluice/prometheus')
const programs = /** @type {const} */ (['prometheus', 'promtool'])

/** @typedef {typeof programs[number]} Program */

/**
 * The path of one of the two programs; undefined where there is none yet.
 * @param {Program} name
 */
export function prometheusProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), folder]
  return folders.map((each) => join(each, name)).find((path) => existsSync(path))
}

/** Brings the programs where they are missing. Returns the reason why that is not possible, if it is not. */
export function bringPrometheus() {
  if (programs.every(prometheusProgram)) return undefined
  if (!existsSync('/etc/debian_version')) return 'it needs prometheus and promtool; install them.'
  mkdirSync(folder, { recursive: true })
  // A package list that is too old names a file that there is no more.
  const failed = download() && (run('apt-get', ['update']) ?? download())
  if (failed) return `Debian's package prometheus could not be downloaded: ${failed}`
  const unpacked = join(folder, 'unpacked')
  const file = readdirSync(folder).find((name) => name.endsWith('.deb')) ?? ''
  const broken = run('dpkg-deb', ['-x', file, unpacked])
  if (broken) return `Debian's package prometheus could not be unpacked: ${broken}`
  for (const name of programs) renameSync(join(unpacked, 'usr/bin', name), join(folder, name))
  rmSync(unpacked, { recursive: true })
  rmSync(join(folder, file))
  return undefined
}

const download = () => run('apt-get', ['download', 'prometheus'])

/**
 * Why a program failed, if it did.
 * @param {string} program @param {string[]} args
 */
function run(program, args) {
  const { status, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
  if (status === 0) return undefined
  return stderr?.trim().split('\n').at(-1) || String(error ?? `exit ${status}`)
}
