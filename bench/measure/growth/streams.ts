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
      const quiet = Math.min(Math.ceil(size * bench.scale), mostStreams()) - PACE.streams
      while (open.length < quiet) {
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

/** Each stream takes a file of this process for its client and one for its upstream. */
function mostStreams(): number {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return limit === undefined ? 1_000 : Math.floor((Number(limit) - 400) / 2)
  } catch {
    return 1_000
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
