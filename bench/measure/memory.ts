import { type Connection, request } from '../client.ts'
import { type Bench, type Runner, within } from '../field.ts'
import { makeScript } from '../script.ts'

/** Streams that are held open at once. */
export const crowds = [1000, 5000] as const

/** How many are being opened at a time. */
const ABREAST = 50

/** KiB of resident memory that an open, quiet stream takes, in crowds of several sizes. */
export async function measureMemory(bench: Bench, runner: Runner): Promise<Record<string, number>> {
  const open: Connection[] = []
  const before = await settled(runner)
  const figures: Record<string, number> = {}
  try {
    for (const crowd of crowds) {
      const size = Math.ceil(crowd * bench.scale)
      while (open.length < size) {
        const more = Math.min(ABREAST, size - open.length)
        open.push(...(await Promise.all(Array.from({ length: more }, () => openQuiet(runner)))))
      }
      const after = await settled(runner)
      figures[`memory-${crowd}.kib`] = (after - before) / 1024 / open.length
    }
    figures['memory.base'] = before / 1024 / 1024
    return figures
  } finally {
    for (const connection of open) connection.drop()
  }
}

async function openQuiet({ target }: Runner): Promise<Connection> {
  const reading = await request(target, makeScript('quiet'))
  await within(reading.first, 15_000)
  return reading.connection
}

/** What is allocated in a burst is given back a moment later, or not at all. */
async function settled(runner: Runner): Promise<number> {
  await Bun.sleep(1000)
  return runner.usage().memory
}
