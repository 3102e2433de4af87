// Sluice with servers that it starts itself: real processes, of test/support/managed/server.mjs.

import { readFileSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { binaryOf } from '../../../scripts/hosts.mjs'
import type { ProcessStatus } from '../../../src/engines/engine.ts'
import { postChat, readStream, type StreamRead } from '../read.ts'
import { type HostName, type Server, startServer } from '../server.ts'

const SCRIPT = fileURLToPath(new URL('./server.mjs', import.meta.url))

/** What the judge of streams says of a comment that tells the progress. */
const PROGRESS = /^a line that is neither data nor a ping: ": (loading [abm]|waiting for memory)/

/** In the command and the environment of a server. */
export const PORT = `\${PORT}`

/** An upstream of the settings; one with `flags` is a server that gets these. */
export interface Entry {
  flags?: (string | number)[]
  [option: string]: unknown
}

export interface ManagedSetup extends AsyncDisposable {
  server: Server
  /** Process ids of all servers that were started, and of what they started, in order. */
  pids(): number[]
  /** The state of the process of an engine, as admins see it. */
  status(engine?: string): Promise<ProcessStatus>
  /** Waits until the process of an engine has this state. */
  until(state: ProcessStatus['state'], engine?: string, ms?: number): Promise<void>
  /** A streamed chat, read to its end. */
  chat(model: string, more?: object): Promise<StreamRead>
  /** Changes the settings file, and waits until it was read again. */
  reload(settings: object): Promise<void>
}

/** The command of a server with these flags. */
function command(...flags: (string | number)[]): string[] {
  return [binaryOf('node'), SCRIPT, '--port', PORT, ...flags.map(String)]
}

/** Starts sluice with these settings. Each entry of `upstream` with `flags` gets their command. */
export async function startManaged(
  host: HostName,
  upstream: Entry[],
  more: object = {},
): Promise<ManagedSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-managed-'))
  const noted = join(folder, 'pids')
  const file = join(folder, 'sluice.json')
  await writeFile(noted, '')
  const write = async (settings: object) => {
    await writeFile(`${file}.new`, JSON.stringify(settings))
    await rename(`${file}.new`, file)
  }
  const withCommands = (entries: Entry[]) =>
    entries.map(({ flags, ...rest }) => {
      return flags === undefined ? rest : { run: command('--pids', noted, ...flags), ...rest }
    })
  const all = { headerWait: 100, heartbeat: 200, grace: 500, ...more }
  await write({ ...all, upstream: withCommands(upstream) })
  const server = await startServer(host, ['--config', file])
  const pids = () => readFileSync(noted, 'utf8').split('\n').filter(Boolean).map(Number)
  const setup: ManagedSetup = {
    server,
    pids,
    async status(engine = 'm') {
      const response = await fetch(`${server.url}/health`)
      const { engines } = (await response.json()) as Health
      const process = engines.find((each) => each.engine === engine)?.process
      if (process === undefined) throw new Error(`${engine} has no process.`)
      return process
    },
    async until(state, engine = 'm', ms = 10_000) {
      await until(async () => (await setup.status(engine)).state === state, state, ms)
    },
    async chat(model, body) {
      const read = await readStream(await postChat(server.base, { model, ...body }))
      return { ...read, problems: read.problems.filter((each) => !PROGRESS.test(each)) }
    },
    async reload(settings) {
      const before = server.stderr().length
      const { upstream: entries = upstream, ...rest } = settings as { upstream?: typeof upstream }
      await write({ ...all, ...rest, upstream: withCommands(entries) })
      const isRead = async () => server.stderr().slice(before).includes('was read again')
      await until(isRead, 'the settings are read again', 10_000)
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      for (const pid of pids().filter(isAlive)) process.kill(pid, 'SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
  return setup
}

interface Health {
  engines: { engine: string; process?: ProcessStatus }[]
}

/** Whether a process runs; one that has ended and that nobody has asked about yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits until none of these processes runs; rejects with those that do. */
export async function untilGone(pids: () => number[], ms = 10_000): Promise<void> {
  await until(async () => !pids().some(isAlive), `the end of ${pids().filter(isAlive)}`, ms)
}

/** Waits for something; rejects after so many milliseconds. */
export async function until(
  holds: () => Promise<boolean>,
  what: string,
  ms = 10_000,
): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not come within ${ms} ms: ${what}`)
    await sleep(20)
  }
}
