/** A client's process: in a group of its own, bounded in time. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'

export interface Ended {
  /** The exit code, or the signal's name; undefined where its time was up. */
  code: number | string | undefined
  /** What it printed on either stream, without the codes of a terminal. */
  output: string
  ms: number
}

export interface Program {
  output(): string
  signal(name: NodeJS.Signals): void
  ended: Promise<Ended>
}

const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) signalGroup(pid, 'SIGKILL')
})

/** Runs lines of a shell, and ends whatever they started when they end or their time is up. */
export function startLines(
  lines: string,
  { cwd, env, ms }: { cwd: string; env: Record<string, string>; ms: number },
): Program {
  const started = performance.now()
  const child = spawn('sh', ['-c', lines], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const pid = child.pid ?? 0
  running.add(pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part
    })
  }
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 0))
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  const end = async (): Promise<Ended> => {
    const late = new AbortController()
    const timeUp = sleep(ms, undefined, { signal: late.signal }).catch(() => undefined)
    const code = await Promise.race([exited, timeUp])
    late.abort()
    const took = performance.now() - started
    if (code === undefined) {
      signalGroup(pid, 'SIGTERM')
      await Promise.race([exited, sleep(2_000)])
    }
    // What it printed last may still be in the pipes, which a process that left the group keeps open.
    await Promise.race([closed, sleep(300)])
    signalGroup(pid, 'SIGKILL')
    running.delete(pid)
    return { code, output: stripVTControlCharacters(output), ms: Math.round(took) }
  }
  return {
    output: () => stripVTControlCharacters(output),
    signal: (name) => signalGroup(pid, name),
    ended: end(),
  }
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(-pid, name)
  } catch {
    // It has ended already.
  }
}
