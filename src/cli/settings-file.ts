/** Reads a settings file from disk, whatever lies there. */
import type { Stats } from 'node:fs'
import { constants, type FileHandle, open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { SettingsError } from '../settings/error.ts'

/** What the stamp of a file is where there is none. */
const GONE = 'gone'

/** Bytes: room for 60,000 keys. Whatever is larger was named by mistake. */
const MAX_BYTES = 16 * 1024 * 1024

/** How often a file is read that changes meanwhile, and milliseconds in between. */
const CHANGING = { attempts: 20, pause: 50 }

/** A settings file as it lies on the disk. */
export interface FileOnDisk {
  text: string
  /** Whether all users of this machine may read it. */
  isPublic: boolean
}

/** A text that is another one after the file has changed. */
export async function stampOf(path: string): Promise<string> {
  return stat(path).then(stampFrom, () => GONE)
}

/** Whether there is something at a path. */
export async function exists(path: string): Promise<boolean> {
  return (await stampOf(path)) !== GONE
}

function stampFrom({ mtimeMs, ctimeMs, size, ino }: Stats): string {
  return `${mtimeMs} ${ctimeMs} ${size} ${ino}`
}

/**
 * The text of a settings file, as it was at one moment: it is read again if it changes meanwhile.
 * Rejects with a `SettingsError`.
 */
export async function readFromDisk(path: string): Promise<FileOnDisk> {
  for (let attempt = 1; attempt <= CHANGING.attempts; attempt++) {
    const file = await readOnce(path)
    if (file !== undefined) return file
    await sleep(CHANGING.pause)
  }
  throw cannotRead(
    path,
    'expected a file at rest, got one that changes all the time',
    'write it elsewhere, and rename it when it is complete',
  )
}

/** Undefined where it changed while it was read. */
async function readOnce(path: string): Promise<FileOnDisk | undefined> {
  // A named pipe would block the open until someone writes to it; Windows has no such flag.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
  const handle = await open(path, flags).catch((cause: Error) => {
    throw cannotOpen(path, cause)
  })
  try {
    const before = await handle.stat()
    requireFile(path, before)
    const bytes = await readAll(handle, path)
    // By path: a file may have been put in its place by a rename.
    if (stampFrom(before) !== (await stampOf(path))) return undefined
    return { text: decode(bytes, path), isPublic: isPublic(before) }
  } finally {
    await handle.close()
  }
}

function requireFile(path: string, stats: Stats): void {
  if (!stats.isFile()) {
    const what = stats.isDirectory() ? 'a directory' : 'a pipe or a device'
    const advice = 'name a file, or give its text in SLUICE_CONFIG'
    throw cannotRead(path, `expected a file, got ${what}`, advice)
  }
  if (stats.size > MAX_BYTES) throw tooLarge(path)
}

/** One read suffices, unless the file grows meanwhile. */
async function readAll(handle: FileHandle, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array((await handle.stat()).size + 1)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  if (length > MAX_BYTES) throw tooLarge(path)
  return bytes.subarray(0, length)
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SettingsError(
      `${path}:${lineOfWrongByte(bytes)}: expected text in UTF-8, got bytes that are not; save the file as UTF-8.`,
    )
  }
}

function lineOfWrongByte(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (let line = 1, start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start)
    const next = end === -1 ? bytes.length : end + 1
    try {
      decoder.decode(bytes.subarray(start, next))
    } catch {
      return line
    }
    start = next
  }
  return 1
}

/** Windows has no such bit. */
function isPublic({ mode }: Stats): boolean {
  return process.platform !== 'win32' && (mode & constants.S_IROTH) !== 0
}

function tooLarge(path: string): SettingsError {
  const limit = `${MAX_BYTES / 1024 / 1024} MiB`
  return cannotRead(path, `expected at most ${limit}, got more`, 'name a settings file')
}

/** What the system's refusals mean, and what to do about each. */
const REFUSALS: Readonly<Record<string, readonly [got: string, advice: string]>> = {
  ENOENT: ['nothing at this path', 'name a settings file that exists'],
  ENOTDIR: ['nothing at this path', 'name a settings file that exists'],
  EACCES: ['one that this user may not read', 'make it readable for this user'],
  EPERM: ['one that this user may not read', 'make it readable for this user'],
}

/** The error for a file that the system did not open. */
export function cannotOpen(path: string, cause: Error): SettingsError {
  const other = [`the error "${cause.message}"`, 'repair the file, or name another one'] as const
  const [got, advice] = REFUSALS[('code' in cause && String(cause.code)) || ''] ?? other
  return cannotRead(path, `expected a settings file, got ${got}`, advice, cause)
}

/** Named by its path, since the file may be the default one, which no option named. */
function cannotRead(path: string, why: string, advice: string, cause?: Error): SettingsError {
  return new SettingsError(`${path}: ${why}; ${advice}.`, { cause })
}
