import { readFileSync } from 'node:fs'
import type { Candidate } from '../../candidate.ts'
import { type Connection, connect, request } from '../../client.ts'
import { figureName, growth } from '../../growth.ts'
import {
  type Bench,
  type Runner,
  startCandidate,
  withoutSleeping,
  withTimeout,
} from '../../runner.ts'
import { makeScript } from '../../script.ts'
import { quantile } from '../../stats.ts'
import { warmUp } from '../../warm-up.ts'
import { measurePaced, paceName } from '../paced.ts'

/** The streams that go on while the others are quiet. */
const PACE = { streams: 20, rate: 100 }

/** How many streams are opened at a time. */
const BATCH = 50

/** The cost of a chunk, and the time to a first token, while so many streams are open. */
export async function measureStreams(
  bench: Bench,
  candidate: Candidate,
): Promise<Record<string, number>> {
  await using runner = await startCandidate(bench, candidate)
  await warmUp({ ...bench, scale: Math.min(bench.scale, 0.2) }, runner)
  const open: Connection[] = []
  const figures: Record<string, number> = {}
  const before = runner.usage().memory
  try {
    for (const size of growth.streams.rows.cpu.sizes) {
      const quiet = Math.ceil(size * bench.scale) - PACE.streams
      while (open.length < quiet && hasFilesLeft(open.length, runner)) {
        const more = Math.min(BATCH, quiet - open.length)
        open.push(...(await Promise.all(Array.from({ length: more }, () => openQuiet(runner)))))
      }
      await Bun.sleep(1_000)
      const record = (row: string, value: number) => {
        figures[figureName('streams', row, size)] = value
      }
      if (open.length > 0) {
        const { memory } = runner.usage()
        record('memory', (memory - before) / 1_024 / open.length)
      }
      const idle = await idleCost(bench, runner)
      if (open.length > 0) record('idle', idle / open.length)
      const paced = await measurePaced(bench, runner, PACE)
      const cpu = paced[`${paceName(PACE)}.cpu`] ?? Number.NaN
      record('cpu', cpu - idle / PACE.streams / PACE.rate)
      record('first', await firstToken(bench, runner))
    }
    return figures
  } finally {
    for (const connection of open) connection.reset()
  }
}

/** Files that are left for the streams that are not quiet, and for whatever else a program opens. */
const SPARE_FILES = 800

/**
 * Whether this process and the candidate may open some more streams. A stream takes two files of most programs, one
 * for its client and one for its upstream, but four of workerd, which has two of each socket.
 */
function hasFilesLeft(streams: number, runner: Runner): boolean {
  return Math.max(streams * 2, runner.files()) < mostFiles - SPARE_FILES
}

/** How many files a process may have open; the candidates inherit that. */
const mostFiles = readMostFiles()

function readMostFiles(): number {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return Number(limit ?? 2_500)
  } catch {
    return 2_500
  }
}

async function openQuiet({ target }: Runner): Promise<Connection> {
  const reading = await request(target, makeScript('quiet'))
  await withTimeout(reading.first, 15_000)
  return reading.connection
}

/** Microseconds of CPU in a second in which no token comes. */
async function idleCost({ scale }: Bench, runner: Runner): Promise<number> {
  // As long as it takes until each stream got a heartbeat.
  const seconds = Math.max(1, 10 * scale)
  const before = runner.usage().cpu
  await Bun.sleep(seconds * 1_000)
  return (runner.usage().cpu - before) / 1e3 / seconds
}

async function firstToken(bench: Bench, { target }: Runner): Promise<number> {
  const times: number[] = []
  await withoutSleeping(bench, async () => {
    const connection = await connect(target)
    for (let count = 0; count < Math.max(20, 200 * bench.scale); count++) {
      const reading = connection.send(makeScript('paced'))
      await withTimeout(reading.ended, 5_000)
      times.push(reading.firstAt - reading.sentAt)
      await Bun.sleep(1)
    }
    connection.reset()
  })
  return quantile(times, 0.5)
}
