/** Which program has a port, as far as the system tells this user. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { outputOf } from './programs.ts'

export interface Listener {
  pid: number
  name: string
}

/** The state of a socket that listens, in the tables of Linux. */
const LISTENING = '0A'

export async function whoListens(port: number, signal: AbortSignal): Promise<Listener | undefined> {
  if (process.platform === 'linux') return linuxListener(port)
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

async function linuxListener(port: number): Promise<Listener | undefined> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  )
  const inodes = tables.flatMap((text) => inodesOf(text, port))
  if (inodes.length === 0) return undefined
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of processes) {
    if (!(await hasSocket(pid, sockets))) continue
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')
    return { pid: Number(pid), name: name.trim() }
  }
  return undefined
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

/** Another user's process does not tell. */
async function hasSocket(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder).catch(() => [])
  const links = await Promise.all(
    names.map((name) => readlink(`${folder}/${name}`).catch(() => '')),
  )
  return links.some((link) => sockets.has(link))
}
