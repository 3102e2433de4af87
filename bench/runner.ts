/** Starts the candidates, each on a port of its own, in front of the one scripted upstream. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Candidate, Slot } from './candidate.ts'
import { request, type Target } from './client.ts'
import { now, spin } from './clock.ts'
import { type Program, start, type Usage } from './process.ts'
import { makeScript } from './script.ts'
import type { Upstream } from './upstream.ts'

/** Milliseconds within which a candidate must answer. */
const READY_TIMEOUT = 20_000

/** What all measurements have in common. */
export interface Bench {
  upstream: Upstream
  /** The core that candidates are pinned to; undefined where programs cannot be pinned. */
  core: number | undefined
  /** Whether this process may keep its own core busy without sleeping. */
  spins: boolean
  /** Multiplies the time of each measurement: 1 for results, less for a quick check. */
  scale: number
}

export interface Runner extends AsyncDisposable {
  candidate: Candidate
  target: Target
  /** What it has used so far; NaN for the upstream itself. */
  usage(): Usage
  /** The most files that one of its processes has open. */
  files(): number
}

/** Starts a candidate and waits until it answers. Rejects with its error output where it does not. */
export async function startCandidate(bench: Bench, candidate: Candidate): Promise<Runner> {
  const runner = await launch(bench, candidate)
  try {
    await waitUntilReady(runner)
    return runner
  } catch (error) {
    await runner[Symbol.asyncDispose]()
    throw error
  }
}

/** Starts a candidate without waiting until it listens. */
export async function launch(bench: Bench, candidate: Candidate): Promise<Runner & Launched> {
  const slot = await makeSlot(bench, candidate)
  const command = candidate.command?.(slot)
  const launchedAt = now()
  const program = command && start(command, bench.core)
  return {
    candidate,
    target: {
      port: slot.port,
      basePath: candidate.basePath,
      headers: candidate.headers?.(slot),
    },
    launchedAt,
    program,
    usage: () => program?.usage() ?? nothingCounted,
    files: () => program?.files() ?? 0,
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

let temporary: string | undefined

/** A folder that is removed when this process exits. */
function temporaryFolder(): string {
  if (temporary !== undefined) return temporary
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  temporary = folder
  return folder
}

async function makeSlot({ upstream }: Bench, candidate: Candidate): Promise<Slot> {
  const folder = mkdtempSync(join(temporaryFolder(), `${candidate.name}-`))
  const port = candidate.command ? freePort() : upstream.port
  return { folder, port, upstreamPort: upstream.port }
}

function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  return port
}

async function waitUntilReady({ candidate, target, program }: Runner & Launched): Promise<void> {
  const deadline = now() + READY_TIMEOUT * 1000
  for (;;) {
    try {
      const reading = await request(target, makeScript('paced', { tokens: 2 }))
      await withTimeout(reading.ended, 5000)
      if (reading.tokens !== 2) throw new Error(`expected 2 tokens, got ${reading.tokens}`)
      reading.connection.reset()
      return
    } catch (error) {
      if (now() < deadline && program?.alive() !== false) {
        await Bun.sleep(20)
        continue
      }
      const text = program?.stderr().trim()
      throw new Error(
        `${candidate.name} does not answer: ${String(error)}${text ? `\n${text}` : ''}`,
      )
    }
  }
}

/** Runs `work` while this process spins, if it may, so that no event has to wait for it to wake up. */
export async function withoutSleeping<T>(
  { upstream, spins }: Bench,
  work: () => Promise<T>,
): Promise<T> {
  const stopSpinning = spins ? spin(upstream.tick) : () => {}
  try {
    return await work()
  } finally {
    stopSpinning()
  }
}

/** Settles as the promise does, or rejects after `ms`. */
export async function withTimeout(promise: Promise<void>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${ms} ms`)), ms)
  })
  try {
    await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
