/** What a server's process holds, and what it says of itself. */
import { readdirSync, readFileSync } from 'node:fs'
import { usageOf } from '../../bench/process.ts'
import type { Server } from '../support/server.ts'

export interface Holdings {
  /** Bytes of resident memory. */
  memory: number
  descriptors: number
  /** Requests that its engines work on, and that wait; undefined where it did not answer. */
  running: number | undefined
  waiting: number | undefined
  /** The states of its engines, as `healthy is up`. */
  engines: string[]
}

export async function holdingsOf(server: Server, secret: string): Promise<Holdings> {
  const { running, waiting, engines } = await healthOf(server, secret)
  return {
    memory: server.memory(),
    descriptors: descriptorsOf(server.pid),
    running,
    waiting,
    engines,
  }
}

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return Number.NaN
  }
}

interface HealthBody {
  waiting?: number
  engines?: { engine: string; state: string; running: number }[]
}

async function healthOf(server: Server, secret: string) {
  try {
    const response = await fetch(`${server.url}/health`, {
      headers: { authorization: `Bearer ${secret}`, connection: 'close' },
      signal: AbortSignal.timeout(10_000),
    })
    const { waiting, engines } = (await response.json()) as HealthBody
    const running = engines?.reduce((sum, each) => sum + each.running, 0)
    return { running, waiting, engines: engines?.map(told) ?? [] }
  } catch (error) {
    return { running: undefined, waiting: undefined, engines: [`no answer: ${error}`] }
  }
}

function told({ engine, state }: { engine: string; state: string }): string {
  return `${engine} is ${state}`
}

/** Nanoseconds of processor time that a process and its children have used. */
export function cpuOf(pid: number): number {
  return usageOf(pid).cpu
}

/** Whether a process still runs, under the name that it had. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** What a server must never print: a stack trace, or an exception that nobody caught. */
const COMPLAINT =
  /request \S+ failed:|unhandled|uncaught|\n\s+at .*[:(]\d+|TypeError|RangeError|ReferenceError|panic|Segmentation|fatal|kj::|exception =/i

/** The first complaint in what a server wrote to stderr. */
export function complaintIn(stderr: string): string | undefined {
  const found = COMPLAINT.exec(stderr)
  if (!found) return undefined
  return stderr.slice(Math.max(0, found.index - 200), found.index + 600)
}

/** Takes the log's lines out of memory, and returns those of internal errors. */
export function internalErrors(server: Server): string[] {
  const lines = server.log.splice(0)
  return lines.filter(({ code }) => code === 'internal_error').map((line) => JSON.stringify(line))
}
