import { connect } from '../client.ts'
import { now } from '../clock.ts'
import { awake, type Bench, type Runner, within } from '../field.ts'
import { makeScript } from '../script.ts'
import { quantile } from '../stats.ts'

/**
 * Microseconds from a request to its first token, one request after the other on one connection,
 * from an upstream that answers at once.
 */
export function measureTtft(bench: Bench, { target }: Runner): Promise<Record<string, number>> {
  return awake(bench, async () => {
    const times: number[] = []
    const connection = await connect(target)
    const until = now() + 2.5e6 * bench.scale
    const most = 400 * bench.scale
    while (times.length < most && now() < until) {
      const reading = connection.ask(makeScript('paced'))
      await within(reading.ended, 5000)
      times.push(reading.firstAt - reading.askedAt)
      // The upstream's connection is handed back only after the end has been passed on.
      await Bun.sleep(1)
    }
    connection.drop()
    return {
      'ttft.p50': quantile(times, 0.5),
      'ttft.p99': quantile(times, 0.99),
      'ttft.count': times.length,
    }
  })
}
