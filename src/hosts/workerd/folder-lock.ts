/** Keeps a folder to one process: two workerds would each have their own counts, and overwrite the other's. */
import {
  appendFileSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { SettingsError } from '../../settings/error.ts'

/** A folder that this process has to itself. */
export interface FolderLock {
  /** Another process uses the folder too, and may outlive this one. */
  add(pid: number): void
  release(): void
}

/**
 * Takes a folder for this process. The file in it names processes, one a line; it is taken over where none of
 * them runs any longer. Throws a `SettingsError` where one does.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, 'sluice.lock')
  const own = lineOf(process.pid)
  // A second time only where the file of a process that is gone was in the way.
  for (let attempt = 0; !create(path, own); attempt++) {
    const user = userOf(path)
    if (user !== undefined || attempt > 2) throw inUse(folder, user)
    moveAway(path)
  }
  return {
    add: (pid) => appendFileSync(path, lineOf(pid)),
    release() {
      if (textOf(path).startsWith(own)) rmSync(path, { force: true })
    },
  }
}

function create(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Another process may have taken it over since it was read: then its file is put back. */
function moveAway(path: string): void {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (userOf(aside) !== undefined) linkSync(aside, path)
    unlinkSync(aside)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error
  }
}

/** The process named in the file that still runs. */
function userOf(path: string): number | undefined {
  for (const line of textOf(path).split('\n')) {
    const pid = Number.parseInt(line, 10)
    if (pid > 0 && isRunning(pid) && `${line}\n` === lineOf(pid)) return pid
  }
  return undefined
}

/** Empty where there is no such file. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** With when it began, where the system tells: in a container, the next process often has the same number. */
function lineOf(pid: number): string {
  return `${pid} ${startOf(pid)}\n`
}

/**
 * The 22nd field of Linux's file; the second one is a name in parentheses, which may hold anything. The third
 * one is Z for a process that has ended, and whose parent has not asked how.
 */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? 'ended' : (fields[18] ?? '')
  } catch {
    return ''
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // One of another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function inUse(folder: string, pid: number | undefined): SettingsError {
  const user = pid === undefined ? 'another process' : `process ${pid}`
  return new SettingsError(
    `stateFolder: expected a folder that no other sluice uses, got ${folder}, used by ${user}; stop it, or name another folder.`,
  )
}
