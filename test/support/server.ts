import { afterAll, beforeAll } from 'vitest'
import type { LogEntry } from '../../src/platform/log.ts'
import type { HostName } from './hosts.ts'
import { type Env, startProcess } from './server-process.ts'

export type { LogEntry } from '../../src/platform/log.ts'
export type { HostName } from './hosts.ts'
export { type Ended, runToEnd, startTool } from './server-process.ts'

/** A running host: in a process of its own, except for the one in this process. */
export interface Server extends AsyncDisposable {
  host: HostName
  /** `http://127.0.0.1:PORT` */
  url: string
  /** The API's root: `http://127.0.0.1:PORT/v1`. */
  base: string
  port: number
  /** The process that answers requests: on workerd not the one that was started, but its child. */
  pid: number
  /** The process that was started, which takes the signals. */
  supervisor: number
  /** A line for each request, oldest first. */
  log: LogEntry[]
  /**
   * The first log line not yet handed out for which `matches` holds, waited for up to `ms` (3,000).
   * Rejects when none comes.
   */
  nextLog(matches?: (entry: LogEntry) => boolean, ms?: number): Promise<LogEntry>
  /** Everything written to stdout so far, log lines included. */
  stdout(): string
  stderr(): string
  /** Waits until stderr matches; rejects after `ms` (5,000) or when the process ended. */
  untilStderr(pattern: string | RegExp, ms?: number): Promise<void>
  /** Sends a signal (SIGTERM) and waits for the end: resolves with the exit code. */
  stop(signal?: 'SIGINT' | 'SIGTERM', ms?: number): Promise<number>
  /** The exit code, 128 and more for a signal; pending while it runs. */
  ended: Promise<number>
  /** Ends it at once. Safe to call at any time. */
  kill(): Promise<void>
  /** Resident memory of the process that answers, in bytes. */
  memory(): number
}

/**
 * Starts a host on a free port; resolves once it listens. It looks for no upstream by itself unless
 * the flags say so. End it by `await using`, `kill` or `stop`.
 */
export async function startServer(
  host: HostName,
  flags: string[] = [],
  env: Env = {},
): Promise<Server> {
  const all = ['--no-discover', ...flags]
  if (host !== 'in-process') return startProcess(host, all, env)
  return (await import('./in-process.ts')).startInProcess(all, env)
}

/**
 * The same server for all tests of a describe block: started before them, ended after them. Read
 * its fields only inside tests and hooks.
 */
export function useServer(host: HostName, flags: string[] = [], env: Env = {}): Server {
  return useServerWith(host, async () => ({ flags, env }))
}

/** Like `useServer`, where the flags are known only after something else has started. */
export function useServerWith(
  host: HostName,
  prepare: () => Promise<{ flags: string[]; env?: Env }>,
): Server {
  let server: Server | undefined
  beforeAll(async () => {
    const { flags, env } = await prepare()
    server = await startServer(host, flags, env)
  })
  afterAll(() => server?.kill())
  return new Proxy({} as Server, {
    get(_, name) {
      if (server === undefined) throw new Error('The server is not started yet.')
      return server[name as keyof Server]
    },
  })
}
