/** Which program has a port, as far as the system tells this user. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { outputOf } from './programs.ts'

export interface Listener {
  pid: number
  name: string
}

/** The state of a socket that listens, in the tables of Linux. */
const LISTENING = '0A'

export async function whoListens(port: number, signal: AbortSignal): Promise<Listener | undefined> {
  if (process.platform === 'linux') {
    // Deno may not read /proc.
    return (
      linuxListener(port) ??
      readSs((await outputOf('ss', ['-Hltnp', `sport = :${port}`], signal)) ?? '')
    )
  }
  if (process.platform !== 'darwin') return undefined
  return readLsof(
    (await outputOf('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], signal)) ?? '',
  )
}

/** What `lsof -Fpc` prints of the first process. */
export function readLsof(text: string): Listener | undefined {
  const [, pid] = /^p(\d+)$/m.exec(text) ?? []
  const [, name = 'a program'] = /^c(.+)$/m.exec(text) ?? []
  return pid === undefined ? undefined : { pid: Number(pid), name }
}

/** What `ss -Hltnp` prints of the first process. */
export function readSs(text: string): Listener | undefined {
  const [, name = 'a program', pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(text) ?? []
  return pid === undefined ? undefined : { pid: Number(pid), name }
}

/**
 * Without promises: each link of each process would wait for one of few threads, which the other checks need,
 * and takes microseconds so.
 */
function linuxListener(port: number): Listener | undefined {
  const tables = ['tcp', 'tcp6'].map((name) => orElse('', () => textAt(`/proc/net/${name}`)))
  const inodes = tables.flatMap((text) => inodesOf(text, port))
  if (inodes.length === 0) return undefined
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  const processes = orElse([], () => readdirSync('/proc')).filter((name) => /^\d+$/.test(name))
  const pid = processes.find((each) => hasSocket(each, sockets))
  if (pid === undefined) return undefined
  // Not the name of its first thread, which Node calls MainThread.
  const [file = ''] = orElse('', () => textAt(`/proc/${pid}/cmdline`)).split('\0')
  return { pid: Number(pid), name: basename(file) || 'a program' }
}

function textAt(path: string): string {
  return readFileSync(path, 'utf8')
}

/** What another user's process does not tell, and what has ended meanwhile, is left out. */
function orElse<T>(other: T, read: () => T): T {
  try {
    return read()
  } catch {
    return other
  }
}

/** The sockets that listen at a port, of a table in the form of /proc/net/tcp. */
export function inodesOf(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [, local = '', , state, , , , , , inode] = fields
    return state === LISTENING && local.endsWith(`:${wanted}`) && inode ? [inode] : []
  })
}

function hasSocket(pid: string, sockets: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`
  return orElse<string[]>([], () => readdirSync(folder)).some((name) => {
    return sockets.has(orElse('', () => readlinkSync(`${folder}/${name}`)))
  })
}
