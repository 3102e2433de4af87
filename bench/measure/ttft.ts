import { connect } from '../client.ts'
import { now } from '../clock.ts'
import { type Bench, type Runner, withoutSleeping, withTimeout } from '../runner.ts'
import { makeScript } from '../script.ts'
import { quantile } from '../stats.ts'

/**
 * Microseconds from a request to its first token. The requests follow each other on one connection,
 * and the upstream answers at once.
 */
export function measureTtft(bench: Bench, { target }: Runner): Promise<Record<string, number>> {
  return withoutSleeping(bench, async () => {
    const times: number[] = []
    const connection = await connect(target)
    const until = now() + 2.5e6 * bench.scale
    const most = 400 * bench.scale
    while (times.length < most && now() < until) {
      const reading = connection.send(makeScript('paced'))
      await withTimeout(reading.ended, 5000)
      times.push(reading.firstAt - reading.sentAt)
      // A candidate can reuse its connection to the upstream only after it has forwarded the end.
      await Bun.sleep(1)
    }
    connection.reset()
    return {
      'ttft.p50': quantile(times, 0.5),
      'ttft.p99': quantile(times, 0.99),
      'ttft.count': times.length,
    }
  })
}
