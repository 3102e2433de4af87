import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { hostCommand } from '../../scripts/hosts.mjs'
import { type HostName, lacking, type ProcessHost } from './hosts.ts'
import type { LogEntry, Server } from './server.ts'
import { serverLog } from './server-log.ts'

const running = new Set<() => void>()
process.on('exit', () => {
  for (const killNow of running) killNow()
})

export type Env = Record<string, string | undefined>

/** Starts a host in a process of its own, on a free port. */
export async function startProcess(host: ProcessHost, flags: string[], env: Env): Promise<Server> {
  const child = launch(host, ['--port', '0', ...flags], env)
  const server = describeServer(host, child)
  try {
    await server.untilStderr(/listens at https?:\S+/, 20_000)
    const [, scheme, port] = /listens at (https?):\/\/\S+:(\d+)\/v1/.exec(server.stderr()) ?? []
    server.port = Number(port)
    server.url = `${scheme}://127.0.0.1:${port}`
    server.base = `${server.url}/v1`
    server.pid = servingPid(host, server.supervisor)
    return server
  } catch (error) {
    await server.kill()
    throw error
  }
}

/** Starts a tool that serves, as `replay` does; resolves once it does. */
export async function startTool(host: HostName, args: string[], env: Env = {}): Promise<Server> {
  const server = describeServer(host, launch(host, args, env))
  try {
    await server.untilStderr(/ at http:\S+\/v1/, 20_000)
    const [, port] = / at http:\/\/\S+:(\d+)\/v1/.exec(server.stderr()) ?? []
    server.port = Number(port)
    server.url = `http://127.0.0.1:${port}`
    server.base = `${server.url}/v1`
    return server
  } catch (error) {
    await server.kill()
    throw error
  }
}

/** The output and exit code of a command that has ended. */
export interface Ended {
  code: number
  stdout: string
  stderr: string
}

/**
 * Runs a host with exactly these flags until it ends; it is killed and refused after `ms`. `input`
 * is all that it can read.
 */
export async function runToEnd(
  host: HostName,
  flags: string[],
  env: Env = {},
  ms = 15_000,
  onStart: (server: Server) => void = () => {},
  input?: string,
): Promise<Ended> {
  const server = describeServer(host, launch(host, flags, env, input))
  try {
    onStart(server)
    const code = await within(server.ended, ms, () => `It did not end.\n${server.stderr()}`)
    return { code, stdout: server.stdout(), stderr: server.stderr() }
  } finally {
    await server.kill()
  }
}

function launch(host: HostName, flags: string[], env: Env, input?: string): ChildProcess {
  if (host === 'in-process') throw lacking('process')
  const command = hostCommand(host, flags)
  // Settings of the user who runs the tests must not reach the tested server.
  const clean = Object.entries(command.env).filter(([name]) => !/^(SLUICE|OTEL)_/.test(name))
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: {
      ...Object.fromEntries(clean),
      ...{ NO_COLOR: undefined, FORCE_COLOR: undefined },
      // Each start would take most of a second from the tests that run beside it.
      ...(host !== 'workerd' && { SLUICE_WARM_UP: 'false' }),
      ...env,
    },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.on('error', () => {}).end(input)
  return child
}

function describeServer(host: HostName, child: ChildProcess): Server {
  const supervisor = child.pid ?? 0
  const stderr = collect(child.stderr)
  const stdout = collect(child.stdout)
  const log = readLog(child.stdout)
  const ended = endOf(child)
  const killNow = () => {
    endServing(host, supervisor)
    child.kill('SIGKILL')
  }
  running.add(killNow)
  child.once('exit', () => running.delete(killNow))
  const kill = async () => {
    // A supervisor exits by itself after its child, and removes its files.
    if (endServing(host, supervisor)) await Promise.race([ended, sleep(2_000)])
    if (isAlive(child)) child.kill('SIGKILL')
    await ended
  }
  const server: Server = {
    host,
    url: '',
    base: '',
    port: 0,
    pid: supervisor,
    supervisor,
    log: log.entries,
    nextLog: log.next,
    stdout: stdout.text,
    stderr: stderr.text,
    untilStderr: (pattern, ms = 5_000) => stderr.until(pattern, ms, ended),
    async stop(name = 'SIGTERM', ms = 15_000) {
      child.kill(name)
      return within(ended, ms, () => `It did not end after ${name}.\n${stderr.text()}`)
    },
    ended,
    kill,
    memory: () => residentBytes(server.pid),
    [Symbol.asyncDispose]: kill,
  }
  return server
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

/** The exit code, once the pipes are read to their ends as well. */
async function endOf(child: ChildProcess): Promise<number> {
  const closed = new Promise((resolve) => child.once('close', resolve))
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, name) => resolve(name ? 128 + constants.signals[name] : (code ?? 1)))
  })
  await Promise.race([closed, sleep(500)])
  return code
}

function collect(stream: ChildProcess['stderr']) {
  let text = ''
  stream?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const until = async (pattern: string | RegExp, ms: number, ended: Promise<number>) => {
    const matches = () =>
      typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)
    const deadline = performance.now() + ms
    let code: number | undefined
    void ended.then((value) => {
      code = value
    })
    while (!matches()) {
      if (code !== undefined) throw new Error(`It ended with ${code}:\n${text}`)
      if (performance.now() > deadline) throw new Error(`${pattern} did not come:\n${text}`)
      await sleep(5)
    }
  }
  return { text: () => text, until }
}

function readLog(stream: ChildProcess['stdout']) {
  const log = serverLog()
  if (stream) {
    createInterface({ input: stream }).on('line', (line) => {
      if (line.startsWith('{"time":')) log.entries.push(JSON.parse(line) as LogEntry)
    })
  }
  return log
}

function servingPid(host: HostName, supervisor: number): number {
  if (host !== 'workerd') return supervisor
  return childrenOf(supervisor).find((pid) => nameOf(pid) === 'workerd') ?? supervisor
}

/** Ends the process that a supervisor has for serving. Returns whether there was one. */
function endServing(host: HostName, supervisor: number): boolean {
  const pid = servingPid(host, supervisor)
  return pid !== supervisor && signal(pid, 'SIGKILL')
}

function childrenOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`)
  return text.split(' ').filter(Boolean).map(Number)
}

function nameOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim()
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`)) ?? []
  return Number(kilobytes) * 1024
}

/** Returns an empty text where the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Returns whether the process was still there. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function within<T>(promise: Promise<T>, ms: number, message: () => string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(message())), ms)
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}
