// Debian's packages unpacked into a folder, not installed: Debian would start what is in them as a service.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Unpacks packages into a folder that does not exist yet. Returns the reason why that is not possible, if
 * it is not.
 * @param {string[]} names @param {string} folder
 */
export function unpackPackages(names, folder) {
  if (!existsSync('/etc/debian_version')) return `it needs ${names[0]}; install it.`
  mkdirSync(dirname(folder), { recursive: true })
  const near = mkdtempSync(`${folder}-`)
  try {
    return unpackAt(near, names) ?? moved(join(near, 'files'), folder)
  } finally {
    rmSync(near, { recursive: true, force: true })
  }
}

/** @param {string} near @param {string[]} names */
function unpackAt(near, names) {
  const download = () => run(near, 'apt-get', ['download', ...names])
  // A package list that is too old names a file that there is no more.
  const failed = download() && (run(near, 'apt-get', ['update']) ?? download())
  if (failed) return `Debian's packages ${names.join(', ')} could not be downloaded: ${failed}`
  for (const file of readdirSync(near).filter((name) => name.endsWith('.deb'))) {
    const broken = run(near, 'dpkg-deb', ['-x', file, 'files'])
    if (broken) return `Debian's package ${file} could not be unpacked: ${broken}`
  }
  return undefined
}

/** Two processes may do this at once: the second finds the folder of the first. @param {string} from @param {string} to */
function moved(from, to) {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(to)) return String(error)
  }
  return undefined
}

/**
 * Why a program failed, if it did.
 * @param {string} cwd @param {string} program @param {string[]} args
 */
function run(cwd, program, args) {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (status === 0) return undefined
  return stderr?.trim().split('\n').at(-1) || String(error ?? `exit ${status}`)
}
