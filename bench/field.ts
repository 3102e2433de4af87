/** Candidates that run, each on a port of its own, and the upstream that they all stand in front of. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Candidate, Slot } from './candidates.ts'
import { request, type Target } from './client.ts'
import { now, spin } from './clock.ts'
import { type Program, start, type Usage } from './process.ts'
import { makeScript } from './script.ts'
import type { Upstream } from './upstream.ts'

/** Milliseconds within which a candidate must answer. */
const PATIENCE = 20_000

/** What all measurements share. */
export interface Bench {
  upstream: Upstream
  /** The core for what is measured; undefined where nothing can be pinned. */
  core: number | undefined
  /** Whether this process may keep its own core busy all the time. */
  spins: boolean
  /** Scales how long things are measured: 1 as reported, less for a quick look. */
  scale: number
}

export interface Runner extends AsyncDisposable {
  candidate: Candidate
  target: Target
  /** What it used so far; the upstream itself, as a candidate, is not counted. */
  usage(): Usage
}

/** Starts a candidate and waits until it answers. Rejects with what it said where it does not. */
export async function enter(bench: Bench, candidate: Candidate): Promise<Runner> {
  const runner = await launch(bench, candidate)
  try {
    await answers(runner)
    return runner
  } catch (error) {
    await runner[Symbol.asyncDispose]()
    throw error
  }
}

/** Starts a candidate; it may not listen yet. */
export async function launch(bench: Bench, candidate: Candidate): Promise<Runner & Launched> {
  const place = await makePlace(bench, candidate)
  const command = candidate.command?.(place)
  const launchedAt = now()
  const program = command && start(command, bench.core)
  return {
    candidate,
    target: { port: place.port, headers: candidate.headers?.(place) },
    launchedAt,
    program,
    usage: () => program?.usage() ?? nothingCounted,
    async [Symbol.asyncDispose]() {
      await program?.stop()
    },
  }
}

const nothingCounted: Usage = { cpu: Number.NaN, memory: Number.NaN }

interface Launched {
  launchedAt: number
  program: Program | undefined
}

let files: string | undefined

/** A folder that is gone when this process is. */
function filesFolder(): string {
  if (files !== undefined) return files
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  files = folder
  return folder
}

async function makePlace({ upstream }: Bench, candidate: Candidate): Promise<Slot> {
  const folder = mkdtempSync(join(filesFolder(), `${candidate.name}-`))
  const port = candidate.command ? freePort() : upstream.port
  return { folder, port, upstreamPort: upstream.port }
}

function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  return port
}

async function answers({ candidate, target, program }: Runner & Launched): Promise<void> {
  const deadline = now() + PATIENCE * 1000
  for (;;) {
    try {
      const reading = await request(target, makeScript('paced', { tokens: 2 }))
      await within(reading.ended, 5000)
      if (reading.tokens !== 2) throw new Error(`it answered ${reading.tokens} tokens instead of 2`)
      reading.connection.drop()
      return
    } catch (error) {
      if (now() < deadline && program?.alive() !== false) {
        await Bun.sleep(20)
        continue
      }
      const said = program?.said().trim()
      throw new Error(
        `${candidate.name} does not answer: ${String(error)}${said ? `\n${said}` : ''}`,
      )
    }
  }
}

/** Runs `work` while this process, if it may, does not sleep. */
export async function awake<T>({ upstream, spins }: Bench, work: () => Promise<T>): Promise<T> {
  const rest = spins ? spin(upstream.tick) : () => {}
  try {
    return await work()
  } finally {
    rest()
  }
}

/** Whether the promise settles well within `ms`. Rejects as it does, or when the time is up. */
export async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${ms} ms`)), ms)
  })
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
