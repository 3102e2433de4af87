import { type Connection, request } from '../client.ts'
import { type Bench, type Runner, withTimeout } from '../runner.ts'
import { makeScript } from '../script.ts'

/** The numbers of streams that are open at the same time. */
export const streamCounts = [1000, 5000] as const

/** How many streams are opened at a time. */
const BATCH = 50

/** KiB of resident memory for each open, quiet stream, with different numbers of streams. */
export async function measureMemory(bench: Bench, runner: Runner): Promise<Record<string, number>> {
  const open: Connection[] = []
  const before = await settled(runner)
  const figures: Record<string, number> = {}
  try {
    for (const count of streamCounts) {
      const size = Math.ceil(count * bench.scale)
      while (open.length < size) {
        const more = Math.min(BATCH, size - open.length)
        open.push(...(await Promise.all(Array.from({ length: more }, () => openQuiet(runner)))))
      }
      const after = await settled(runner)
      figures[`memory-${count}.kib`] = (after - before) / 1024 / open.length
    }
    figures['memory.base'] = before / 1024 / 1024
    return figures
  } finally {
    for (const connection of open) connection.reset()
  }
}

async function openQuiet({ target }: Runner): Promise<Connection> {
  const reading = await request(target, makeScript('quiet'))
  await withTimeout(reading.first, 15_000)
  return reading.connection
}

/** Memory after a second, in which a runtime returns what it allocated for a burst, if it ever does. */
async function settled(runner: Runner): Promise<number> {
  await Bun.sleep(1000)
  return runner.usage().memory
}
