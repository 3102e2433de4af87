/** Starts programs by `node:child_process`, which Bun, Deno and Node have. */
import type { ChildProcess } from 'node:child_process'
import type {
  ProcessCommand,
  ProcessExit,
  Processes,
  StartedProcess,
} from '../../platform/process.ts'
import { Watchdog } from './watchdog.ts'

const isWindows = process.platform === 'win32'

/** Variables that are meant for sluice or its runtime alone. */
const OWN_VARIABLES = /^(SLUICE_|BUN_JSC_|BUN_CONFIG_MAX_HTTP_REQUESTS$|MIMALLOC_PURGE_DELAY$)/

/** The process groups that run, by the id of their first process. */
const groups = new Set<number>()
let watchdog: Watchdog | undefined

/** The programs of this host. */
export const processes: Processes = { start, freePort, isPortFree }

async function start(given: ProcessCommand): Promise<StartedProcess> {
  const { spawn } = await import('node:child_process')
  const { command, cwd, env, onOutput, stopTimeout } = given
  const [program = '', ...args] = command
  if (!isWindows) watchdog ??= await Watchdog.start(spawn)
  let child: ChildProcess
  try {
    child = spawn(program, args, {
      cwd,
      env: { ...inherited(), ...env },
      // A group of its own, so that all that it starts can be ended, and Ctrl-C does not reach it.
      detached: !isWindows,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    return notStarted(error)
  }
  const { pid } = child
  if (pid !== undefined) follow(pid, stopTimeout)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', onOutput)
    stream?.on('error', () => {})
  }
  return { pid, exited: exitOf(child), kill: (signal) => kill(pid, signal) }
}

function notStarted(error: unknown): StartedProcess {
  return {
    pid: undefined,
    exited: Promise.resolve({ code: null, signal: null, error: reasonOf(error) }),
    kill() {},
  }
}

/** Resolves when the process itself has ended: what it started may hold its output open for longer. */
function exitOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error: reasonOf(error) }))
    child.once('exit', (code, signal) => {
      // What it wrote last has arrived by then, or never does.
      setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
        resolve({ code, signal })
      }, 20)
    })
  })
}

/** Without the command, which may hold a secret. */
function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (code === 'ENOENT') return 'there is no such program or folder'
  if (code === 'EACCES') return 'it may not be executed'
  if (name === 'NotCapable' || code === 'EPERM' || code === 'ERR_ACCESS_DENIED') {
    return 'sluice may not start programs: on Deno, add --allow-run'
  }
  return typeof code === 'string' ? code : 'the system refused it'
}

/** All of sluice's environment but its own settings, as they hold keys. */
function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || OWN_VARIABLES.test(name) ? [] : [[name, value] as const],
  )
  return Object.fromEntries(entries)
}

function follow(pid: number, stopTimeout: number): void {
  if (groups.size === 0) process.on('exit', killAll)
  groups.add(pid)
  watchdog?.add(pid, stopTimeout)
}

function forget(pid: number): void {
  groups.delete(pid)
  watchdog?.remove(pid)
  if (groups.size === 0) process.off('exit', killAll)
}

function killAll(): void {
  for (const pid of groups) signalGroup(pid, 'SIGKILL')
}

/** After SIGKILL nothing is left of the group, and its number may come to belong to another one. */
function kill(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined || !groups.has(pid)) return
  signalGroup(pid, signal)
  if (signal === 'SIGKILL') forget(pid)
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (isWindows) endTree(pid)
    else process.kill(-pid, signal)
  } catch {
    // None of its processes is left.
  }
}

/** Windows has no groups of processes and no SIGTERM: its own tool ends a process with its children. */
function endTree(pid: number): void {
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true })
}

async function freePort(): Promise<number> {
  return (await listenOnce(0)) ?? Promise.reject(new Error('no port of 127.0.0.1 is free'))
}

async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined
}

/** The port that it was possible to listen on, which is free again; undefined where it was not. */
async function listenOnce(port: number): Promise<number | undefined> {
  const { createServer } = await import('node:net')
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const found = typeof address === 'object' && address !== null ? address.port : undefined
      server.close(() => resolve(found))
    })
  })
}
