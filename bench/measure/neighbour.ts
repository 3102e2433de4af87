import { connect, request } from '../client.ts'
import { longTexts } from '../large-requests.ts'
import { type Bench, type Runner, withoutSleeping, withTimeout } from '../runner.ts'
import { makeScript } from '../script.ts'
import { quantile } from '../stats.ts'

/** Megabytes of the requests. */
export const neighbourSizes = [1, 4, 20]

/** Streams of 100 tokens a second at the same time, so that about every millisecond a token is due. */
const STREAMS = 10
const RATE = 100

/**
 * How late, in microseconds, the latest token of any other stream is while one large request arrives and is
 * sent on: the lower quartile of several requests of each size, since what disturbs a machine only adds. It is late by more than without a large request where
 * the candidate does much at once.
 */
export function measureNeighbour(bench: Bench, runner: Runner): Promise<Record<string, number>> {
  return withoutSleeping(bench, async () => {
    let latest = 0
    const onToken = (sent: number, arrived: number) => {
      latest = Math.max(latest, arrived - sent)
    }
    const times = Math.ceil(11 * bench.scale)
    // Each request takes a quarter of a second at most.
    const tokens = RATE * Math.ceil((times + 2) * neighbourSizes.length * 0.5 + 2)
    const neighbours = []
    for (let i = 0; i < STREAMS; i++) {
      const script = makeScript('paced', { tokens, rate: RATE })
      neighbours.push(await request(runner.target, script, { onToken }))
      await Bun.sleep(1000 / RATE / STREAMS)
    }
    const figures: Record<string, number> = {}
    const lateness = async (messages: readonly object[]) => {
      latest = 0
      const connection = await connect(runner.target)
      const reading = connection.send(makeScript('paced', { tokens: 1 }), { messages })
      await withTimeout(reading.ended, 10_000)
      await Bun.sleep(30)
      connection.reset()
      return latest
    }
    for (const size of neighbourSizes) {
      const messages = longTexts(size * 1e6)
      const all: number[] = []
      for (let i = -2; i < times; i++) {
        const late = await lateness(messages)
        if (i >= 0) all.push(late)
      }
      figures[`neighbour.${size}`] = quantile(all, 0.25)
    }
    for (const { connection } of neighbours) connection.reset()
    return figures
  })
}
