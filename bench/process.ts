/** Starts programs on a core of their own, and reads the processor time and memory that they use. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Command {
  file: string
  args: string[]
  env?: Record<string, string | undefined>
  cwd?: string
}

/** What a program and all of its descendants have used so far. */
export interface Usage {
  /** Nanoseconds of processor time. */
  cpu: number
  /** Bytes of resident memory. */
  memory: number
}

const isLinux = process.platform === 'linux'

/** Whether programs can be pinned to a core. */
export const canPin = isLinux && spawnSync('taskset', ['--version']).status === 0

/** Nanoseconds in a tick of `utime` and `stime`, which count hundredths of a second. */
const TICK = 10_000_000

const hasSchedstat = read('/proc/self/schedstat') !== ''

const running = new Set<Program>()
process.on('exit', () => {
  for (const program of running) program.killNow()
})

export interface Program {
  /** What the program has written to stderr so far. */
  stderr(): string
  /** Whether it is still running. */
  alive(): boolean
  usage(): Usage
  /** The most files that it or one of its descendants has open. */
  files(): number
  killNow(): void
  /** Ends it and its descendants. */
  stop(): Promise<void>
}

/** Starts a program, pinned to this core. */
export function start(command: Command, core: number | undefined): Program {
  const pinned = core === undefined ? [] : ['taskset', '-c', String(core)]
  const [file = '', ...args] = [...pinned, command.file, ...command.args]
  const child = spawn(file, args, {
    cwd: command.cwd,
    env: cleanEnv(command.env),
    // A group of its own, so that its child processes can be ended too.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-4000)
  })
  child.on('error', (error) => {
    text += error.message
  })
  const pid = child.pid ?? 0
  const program: Program = {
    stderr: () => text,
    alive: () => isAlive(child),
    usage: () => usageOf(pid),
    files: () => {
      const pids = [pid, ...descendants(pid)]
      return Math.max(...pids.map((each) => list(`/proc/${each}/fd`).length))
    },
    killNow() {
      for (const each of [...descendants(pid), pid]) signal(each, 'SIGKILL')
      signal(-pid, 'SIGKILL')
    },
    async stop() {
      await end(child, program)
      running.delete(program)
    },
  }
  running.add(program)
  return program
}

/** The environment without the user's own settings of sluice. */
function cleanEnv(more: Command['env']): NodeJS.ProcessEnv {
  const all = Object.entries({ ...process.env, ...more })
  return Object.fromEntries(all.filter(([name]) => !/^(SLUICE_|npm_)/.test(name)))
}

async function end(child: ChildProcess, program: Program): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  if (isAlive(child)) {
    // Killed soon after, since streams that are still open need not end cleanly.
    const timer = setTimeout(() => program.killNow(), 500)
    child.kill('SIGTERM')
    await ended
    clearTimeout(timer)
  }
  program.killNow()
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

/** What a process and its descendants have used so far; zeros where there is no /proc. */
export function usageOf(pid: number): Usage {
  const pids = [pid, ...descendants(pid)]
  return {
    cpu: pids.reduce((sum, each) => sum + cpuOf(each), 0),
    memory: pids.reduce((sum, each) => sum + memoryOf(each), 0),
  }
}

/**
 * From the scheduler's statistics of each thread, where the kernel has them, because `utime` and
 * `stime` count only ticks of 10 ms. Threads that have ended are missing there.
 */
function cpuOf(pid: number): number {
  if (!hasSchedstat) return coarseCpuOf(pid)
  let sum = 0
  for (const task of list(`/proc/${pid}/task`)) {
    const [nanoseconds] = read(`/proc/${pid}/task/${task}/schedstat`).split(' ')
    sum += Number(nanoseconds ?? 0)
  }
  return sum
}

function coarseCpuOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  // The name in brackets may hold spaces; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK
}

function memoryOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`)) ?? []
  return Number(kilobytes ?? 0) * 1024
}

function descendants(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  )
  return children.flatMap((child) => [child, ...descendants(child)])
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Returns an empty text where the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (pid === 0) return
  try {
    process.kill(pid, name)
  } catch {
    // It has ended already.
  }
}
