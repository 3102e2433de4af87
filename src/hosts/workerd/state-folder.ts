/** The folder in which workerd keeps its objects: who may use it, and what is in there for nothing. */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { SettingsError } from '../../settings/error.ts'

/** Only its owner may enter it: prompts and answers are in there. Returns the whole path. */
export function openFolder(path: string): string {
  const folder = resolve(path)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return folder
  } catch (cause) {
    throw cannotWrite(folder, cause)
  }
}

export function cannotWrite(folder: string, cause: unknown): SettingsError {
  const { code = 'an error' } = cause as NodeJS.ErrnoException
  return new SettingsError(
    `stateFolder: expected a folder that can be written, got ${folder} (${code}); create it, or name another one.`,
    { cause },
  )
}

/** A warning, where other users may read what is in a folder that existed. Windows has no such bits. */
export function exposureWarning(folder: string): string | undefined {
  const open = constants.S_IROTH | constants.S_IXOTH | constants.S_IWOTH
  if (process.platform === 'win32' || (statSync(folder).mode & open) === 0) return undefined
  return `Other users of this machine may enter ${folder}, which holds prompts and answers; run chmod 700 on it.`
}

/** An object's database. workerd names it by the id of the object. */
const DATABASE = /^[0-9a-f]{64}\.sqlite$/

/**
 * Deletes the databases that have no tables: workerd keeps the file of an object that has deleted all it
 * stored, and each stream is one object. Nothing may have them open. Returns how many there were.
 */
export function deleteEmpty(folder: string): number {
  let deleted = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith('sluice-')) continue
    const names = readdirSync(join(folder, entry.name)).filter((name) => DATABASE.test(name))
    for (const path of names.map((name) => join(folder, entry.name, name))) {
      if (!isEmpty(path)) continue
      for (const suffix of ['-wal', '-shm', '']) rmSync(`${path}${suffix}`, { force: true })
      deleted++
    }
  }
  return deleted
}

/** The bytes of a database of one page. */
const PAGE = 4_096

/**
 * Whether a database has no tables, and nothing that is yet to be written into it. Its first page begins with a
 * header of 100 bytes; then, of the list of its tables, the kind of page (13 for a leaf) and the number of
 * tables. Source: sqlite.org/fileformat2.html.
 */
function isEmpty(path: string): boolean {
  if (statSync(path).size !== PAGE || sizeOf(`${path}-wal`) > 0) return false
  if (sizeOf(`${path}-journal`) > 0) return false
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(105)
    if (readSync(file, head, 0, head.length, 0) < head.length) return false
    const isSqlite = head.toString('latin1', 0, 16) === 'SQLite format 3\0'
    return isSqlite && head[100] === 13 && head.readUInt16BE(103) === 0
  } finally {
    closeSync(file)
  }
}

/** 0 where there is no such file. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
