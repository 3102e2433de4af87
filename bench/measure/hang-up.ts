import { request } from '../client.ts'
import { type Bench, type Runner, withTimeout } from '../runner.ts'
import { makeScript } from '../script.ts'
import { quantile } from '../stats.ts'

/** Milliseconds within which the upstream's connection has to close; a later close counts as none. */
const TIMEOUT = 5000

/**
 * Milliseconds from a client's disconnect, while its stream is quiet, to the close of the upstream's
 * connection; Infinity where it did not close within `TIMEOUT`.
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
    await withTimeout(reading.first, 5000)
    streams.push({ script, reading })
  }
  const leaving: { id: number; leftAt: number }[] = []
  for (const { script, reading } of streams) {
    leaving.push({ id: script.id, leftAt: reading.connection.close() })
    await Bun.sleep(3)
  }
  const closedAt = (id: number) => upstream.answer(id)?.leftAt
  const deadline = performance.now() + TIMEOUT
  while (leaving.some(({ id }) => closedAt(id) === undefined) && performance.now() < deadline) {
    await Bun.sleep(5)
  }
  const times = leaving.map(({ id, leftAt }) => {
    const closed = closedAt(id)
    return closed === undefined ? Number.POSITIVE_INFINITY : Math.max(0, closed - leftAt) / 1000
  })
  return { 'hangup.p50': quantile(times, 0.5), 'hangup.p99': quantile(times, 0.99) }
}
