/** The port and the address: whether they are free, who has them, and who can reach them. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { isLoopback } from '../../../guard/host.ts'
import { requireKnownCallers } from '../../../guard/origin.ts'
import { ollamaPort } from '../../../settings/compat.ts'
import { type Settings, SettingsError } from '../../../settings/settings.ts'
import { isObject } from '../../../util/object.ts'
import { VERSION } from '../../../version.ts'
import { deadlineSignal } from '../deadline.ts'
import type { Check, Examination, Observation } from '../finding.ts'
import { whoListens } from '../who-listens.ts'
import { jsonFrom } from './json-from.ts'

/** Milliseconds within which another sluice answers: less than a check may take. */
const PATIENCE = 1_000

export const checkPorts: Check = async (examination, signal) => {
  const { settings } = examination
  const extra = ollamaPort(settings)
  const ports = [settings.port, ...(extra === undefined || extra === settings.port ? [] : [extra])]
  const found = await Promise.all(
    ports.filter((port) => port !== 0).map((port) => portFound(port, examination, signal)),
  )
  return found.flat()
}

export const checkExposure: Check = async (examination) => [
  ...exposureFound(examination),
  ...(await certificateFound(examination.settings)),
]

async function portFound(
  port: number,
  examination: Examination,
  signal: AbortSignal,
): Promise<Observation[]> {
  const { settings, program } = examination
  const { host } = settings
  const code = await listenCode(port, host)
  if (code === undefined) {
    return [{ code: 'port_free', level: 'ok', text: `Port ${port} of ${host} is free.` }]
  }
  if (code === 'EADDRINUSE') return [await takenFound(port, examination, signal)]
  const free = await freePort(port, host)
  if (code === 'EACCES' || code === 'EPERM') {
    return [
      {
        code: 'port_forbidden',
        level: 'problem',
        text: `This user may not listen at port ${port}.`,
        remedy: 'Choose a port from 1024 on.',
        command: `${program} --port ${free ?? 8787}`,
      },
    ]
  }
  const text = `sluice cannot listen at ${host}: this machine has no such address (${code}).`
  const remedy = 'Choose an address of this machine; 0.0.0.0 stands for all of them.'
  return [
    {
      code: 'host_unknown',
      level: 'problem',
      text,
      remedy,
      command: `${program} --host 127.0.0.1`,
    },
  ]
}

/** The code of the system's error; undefined where it listens. */
function listenCode(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(codeOf(error)))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** Deno and Bun do not name every error as Node does. */
function codeOf({ code, name, message }: NodeJS.ErrnoException): string {
  const told = `${code ?? ''} ${name} ${message}`
  if (/EADDRINUSE|AddrInUse|in use/i.test(told)) return 'EADDRINUSE'
  if (/EACCES|PermissionDenied|permission denied/i.test(told)) return 'EACCES'
  return code ?? name
}

/** A free port above one that is taken. */
async function freePort(above: number, host: string): Promise<number | undefined> {
  for (let port = Math.max(1_024, above + 1); port <= Math.min(65_535, above + 20); port++) {
    if ((await listenCode(port, host)) === undefined) return port
  }
  return undefined
}

async function takenFound(
  port: number,
  { settings: { host }, context, program }: Examination,
  signal: AbortSignal,
): Promise<Observation> {
  const at = `http://${reachable(host)}:${port}`
  const limit = deadlineSignal(PATIENCE, signal)
  const [health, listener, free] = await Promise.all([
    jsonFrom(context.fetch, `${at}/health`, {}, limit),
    whoListens(port, signal),
    freePort(port, host),
  ])
  const elsewhere = `${program} --port ${free ?? port + 1}`
  const process = listener === undefined ? '' : ` (process ${listener.pid})`
  if (isObject(health) && typeof health.version === 'string' && typeof health.status === 'string') {
    const { version, status } = health
    const isSame = version === VERSION
    return {
      code: isSame ? 'sluice_running' : 'sluice_running_other',
      level: isSame && status === 'ok' ? 'ok' : 'hint',
      text: `sluice ${version} runs at ${at}${process}, with the status ${status}${isSame ? '' : `; this is version ${VERSION}`}.`,
      remedy: 'Use it, or start another one at a port that is free:',
      command: elsewhere,
    }
  }
  const who = listener === undefined ? 'another program' : `${listener.name}${process}`
  return {
    code: 'port_in_use',
    level: 'problem',
    text: `Port ${port} of ${host} is used by ${who}.`,
    remedy: 'Stop that program, or choose another port, such as this one, which is free:',
    command: elsewhere,
  }
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  const name = host === '::' ? '::1' : host
  return name.includes(':') ? `[${name}]` : name
}

export function exposureFound({
  settings,
  program,
}: Pick<Examination, 'settings' | 'program'>): Observation[] {
  const { host, keys, insecure } = settings
  const callers = unknownCallers(settings)
  if (callers !== undefined) return [{ code: 'origins_open', level: 'problem', text: callers }]
  if (isLoopback(host)) {
    const who = keys.length > 0 ? 'programs with a key' : 'programs'
    return [{ code: 'exposure', level: 'ok', text: `Only ${who} on this machine can use ${host}.` }]
  }
  if (keys.length > 0) {
    return [
      {
        code: 'exposure',
        level: 'ok',
        text: `Other machines can reach ${host}, with one of ${keys.length} keys.`,
      },
    ]
  }
  if (insecure) {
    const text = `Everyone who can reach ${host} can use the models without a key (insecure).`
    const remedy = 'Make keys, unless the network itself is protected.'
    return [
      {
        code: 'exposure_open',
        level: 'warning',
        text,
        remedy,
        command: `${program} key new laptop`,
      },
    ]
  }
  const text = `Other machines can reach ${host}, and there are no keys: sluice does not start so.`
  const remedy = 'Make a key, or listen at 127.0.0.1 alone.'
  return [
    {
      code: 'exposure_without_keys',
      level: 'problem',
      text,
      remedy,
      command: `${program} key new laptop`,
    },
  ]
}

function unknownCallers(settings: Settings): string | undefined {
  try {
    requireKnownCallers(settings, {})
    return undefined
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
}

async function certificateFound({ tlsCert, tlsKey }: Settings): Promise<Observation[]> {
  const files = { tlsCert, tlsKey }
  const found = await Promise.all(
    Object.entries(files).map(async ([name, path]): Promise<Observation[]> => {
      if (path === undefined) return []
      const text = await readFile(path, 'utf8').catch(() => undefined)
      if (text?.includes('-----BEGIN')) return []
      const what = text === undefined ? 'cannot be read' : 'is no PEM file'
      return [
        {
          code: 'tls_file',
          level: 'problem',
          text: `The file of ${name}, ${path}, ${what}.`,
          remedy: 'Name a PEM file that this user may read.',
        },
      ]
    }),
  )
  const one = (tlsCert === undefined) !== (tlsKey === undefined)
  const half: Observation[] = one
    ? [
        {
          code: 'tls_half',
          level: 'problem',
          text: 'TLS needs both a certificate and its key, and one of them is not given.',
          remedy: 'Give --tls-cert and --tls-key, or neither.',
        },
      ]
    : []
  return [...found.flat(), ...half]
}
