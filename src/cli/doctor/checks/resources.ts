/** Memory, file descriptors and disk, against what the settings allow. */
import { access, constants, readFile, statfs } from 'node:fs/promises'
import os from 'node:os'
import { dirname } from 'node:path'
import type { Settings } from '../../../settings/settings.ts'
import type { Check, Examination, Observation } from '../finding.ts'
import { outputOf } from '../programs.ts'
import { shownBytes } from '../shown.ts'

/** Bytes of memory below which a server has no room. */
const LITTLE_MEMORY = 256 * 1024 ** 2
/** Bytes of disk below which files may not be written. */
const LITTLE_DISK = 200 * 1024 ** 2

/** Requests at once to an upstream whose number is not limited, as an estimate. */
const TYPICAL = 100
/** Descriptors that a server has open without a request. */
const OWN_DESCRIPTORS = 64

export const checkResources: Check = async ({ settings, host }, signal) => {
  const [descriptors, memory, disk] = await Promise.all([
    limitOfDescriptors(signal),
    availableMemory(),
    diskFound(settings, host.env),
  ])
  return [
    ...memoryFound(memory, settings),
    ...(descriptors === undefined ? [] : [descriptorsFound(descriptors, settings)]),
    ...disk,
  ]
}

export function descriptorsFound(
  limit: number,
  { upstream, queue, maxConcurrency }: Pick<Settings, 'upstream' | 'queue' | 'maxConcurrency'>,
): Observation {
  const ofEach = upstream.map((each) => each.maxConcurrency ?? maxConcurrency ?? TYPICAL)
  const allowed = ofEach.length > 0 ? ofEach : [maxConcurrency ?? TYPICAL]
  const requests = allowed.reduce((sum, concurrency) => sum + concurrency + queue, 0)
  // One for the client, and one for the server.
  const needed = OWN_DESCRIPTORS + 2 * requests
  if (limit >= needed) {
    return {
      code: 'descriptors',
      level: 'ok',
      text: `${shownLimit(limit)} files and sockets may be open at once.`,
    }
  }
  return {
    code: 'descriptors_few',
    level: 'warning',
    text: `Only ${limit} files and sockets may be open at once, and ${requests} requests at once need ${needed}.`,
    remedy: 'Raise the limit before sluice is started.',
    command: `ulimit -n ${Math.max(65_536, needed)}`,
  }
}

function shownLimit(limit: number): string {
  return Number.isFinite(limit) ? String(limit) : 'Any number of'
}

/** How many files this process may open; undefined where nobody tells. */
async function limitOfDescriptors(signal: AbortSignal): Promise<number | undefined> {
  if (process.platform === 'win32') return undefined
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => undefined)
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(text ?? '') ?? []
  const told = soft ?? (await outputOf('sh', ['-c', 'ulimit -n'], signal))?.trim()
  if (told === 'unlimited') return Number.POSITIVE_INFINITY
  const limit = Number(told)
  return told === undefined || Number.isNaN(limit) ? undefined : limit
}

/** Bytes that a new program can have: those of the machine, or what a container has left. */
async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const [, kilobytes] = /^MemAvailable:\s+(\d+)/m.exec(text) ?? []
  const machine = kilobytes === undefined ? os.freemem() : Number(kilobytes) * 1024
  const [limit, used] = await Promise.all(
    ['memory.max', 'memory.current'].map((name) =>
      readFile(`/sys/fs/cgroup/${name}`, 'utf8').catch(() => ''),
    ),
  )
  const left = Number(limit) - Number(used)
  return limit?.trim() && Number.isFinite(left) ? Math.max(0, Math.min(machine, left)) : machine
}

export function memoryFound(
  available: number,
  { captureBytes, capture }: Pick<Settings, 'captureBytes' | 'capture'>,
): Observation[] {
  if (available < LITTLE_MEMORY) {
    const text = `Only ${shownBytes(available)} of memory is left.`
    const remedy = 'Stop other programs, or use a smaller model.'
    return [{ code: 'memory_low', level: 'warning', text, remedy }]
  }
  if (capture !== 'off' && captureBytes > available / 2) {
    return [
      {
        code: 'memory_captures',
        level: 'warning',
        text: `Captures may take ${shownBytes(captureBytes)}, and ${shownBytes(available)} of memory is left.`,
        remedy: 'Let them take less.',
        command: '--capture-bytes 64MB',
      },
    ]
  }
  return [{ code: 'memory', level: 'ok', text: `${shownBytes(available)} of memory is left.` }]
}

/** The disk that is written to: by the store of workerd, and by the tools. */
async function diskFound(
  { state, stateFolder }: Settings,
  { XDG_STATE_HOME, HOME = os.homedir() }: Examination['host']['env'],
): Promise<Observation[]> {
  const folder = stateFolder ?? XDG_STATE_HOME ?? `${HOME}/.local/state`
  const there = await nearest(folder)
  const findings: Observation[] = []
  const stats = await statfs(there).catch(() => undefined)
  const free = stats && stats.bavail * stats.bsize
  if (free !== undefined && free < LITTLE_DISK) {
    const text = `Only ${shownBytes(free)} of disk space is left at ${there}.`
    findings.push({
      code: 'disk_full',
      level: 'warning',
      text,
      remedy: 'Remove files that are not needed.',
    })
  }
  const isWritable = await access(there, constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!isWritable && (state === 'objects' || stateFolder !== undefined)) {
    const text = `The folder for shared state, ${folder}, may not be written by this user.`
    const remedy = 'Name another one with --state-folder, or change who may write it.'
    findings.push({ code: 'disk_readonly', level: 'problem', text, remedy })
  }
  return findings
}

/** The folder, or the nearest one above it that there is. */
async function nearest(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere || dirname(path) === path) return path
  }
}
