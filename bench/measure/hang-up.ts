import { request } from '../client.ts'
import { type Bench, type Runner, within } from '../field.ts'
import { makeScript } from '../script.ts'
import { quantile } from '../stats.ts'

/** Milliseconds for which the upstream's close is waited for; beyond it counts as never. */
const LONGEST = 5000

/**
 * Milliseconds from a client's hang-up, while its stream is quiet, to the upstream's connection
 * closing; Infinity where it did not close within `LONGEST`.
 */
export async function measureHangUp(
  { upstream, scale }: Bench,
  { target }: Runner,
): Promise<Record<string, number>> {
  const count = Math.ceil(60 * scale)
  const streams = []
  for (let i = 0; i < count; i++) {
    const script = makeScript('quiet')
    const reading = await request(target, script)
    await within(reading.first, 5000)
    streams.push({ script, reading })
  }
  const leaving: { id: number; leftAt: number }[] = []
  for (const { script, reading } of streams) {
    leaving.push({ id: script.id, leftAt: reading.connection.leave() })
    await Bun.sleep(3)
  }
  const closedAt = (id: number) => upstream.answer(id)?.leftAt
  const deadline = performance.now() + LONGEST
  while (leaving.some(({ id }) => closedAt(id) === undefined) && performance.now() < deadline) {
    await Bun.sleep(5)
  }
  const times = leaving.map(({ id, leftAt }) => {
    const closed = closedAt(id)
    return closed === undefined ? Number.POSITIVE_INFINITY : Math.max(0, closed - leftAt) / 1000
  })
  return { 'hangup.p50': quantile(times, 0.5), 'hangup.p99': quantile(times, 0.99) }
}
