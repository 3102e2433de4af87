import { request } from '../client.ts'
import { now } from '../clock.ts'
import { type Bench, type Runner, withoutSleeping, withTimeout } from '../runner.ts'
import { makeScript, type Script } from '../script.ts'
import { quantile } from '../stats.ts'

/** A number of streams at the same time, and the tokens a second of each. */
export interface Pace {
  streams: number
  rate: number
}

export const paces: readonly Pace[] = [
  { streams: 20, rate: 100 },
  { streams: 100, rate: 200 },
]

/** `paced-20x100` */
export function paceName({ streams, rate }: Pace): string {
  return `paced-${streams}x${rate}`
}

/**
 * Microseconds from sending a token at the upstream to its arrival at the client, and microseconds of
 * processor time for each token. `sent` and `received` count the tokens of complete streams; where the
 * candidate was too slow, `behind` is 1 and they may differ.
 */
export function measurePaced(
  bench: Bench,
  runner: Runner,
  pace: Pace,
): Promise<Record<string, number>> {
  return withoutSleeping(bench, async () => {
    const name = paceName(pace)
    const warm = 0.5 * bench.scale
    const seconds = 2.5 * bench.scale
    const tokens = Math.ceil(pace.rate * (warm + seconds + 0.3))
    const delays: number[] = []
    let measuring = false
    const onToken = (sent: number, arrived: number) => {
      if (measuring) delays.push(arrived - sent)
    }
    const streams = []
    for (let i = 0; i < pace.streams; i++) {
      const script = makeScript('paced', { tokens, rate: pace.rate })
      streams.push({ script, reading: await request(runner.target, script, { onToken }) })
      // The streams start at intervals, so that their tokens are spread evenly over time.
      await pause(1e6 / pace.rate / pace.streams)
    }
    await Bun.sleep(warm * 1000)
    const before = runner.usage().cpu
    measuring = true
    await Bun.sleep(seconds * 1000)
    measuring = false
    const cpu = runner.usage().cpu - before
    const totals = await settle(bench, streams)
    return {
      [`${name}.p50`]: quantile(delays, 0.5),
      [`${name}.p99`]: quantile(delays, 0.99),
      [`${name}.cpu`]: delays.length > 0 ? cpu / 1000 / delays.length : Number.NaN,
      [`${name}.sent`]: totals.sent,
      [`${name}.received`]: totals.received,
      [`${name}.behind`]: totals.ended ? 0 : 1,
    }
  })
}

interface Running {
  script: Script
  reading: Awaited<ReturnType<typeof request>>
}

async function settle({ upstream }: Bench, streams: Running[]) {
  let ended = true
  try {
    await withTimeout(Promise.all(streams.map(({ reading }) => reading.ended)).then(nothing), 2000)
  } catch {
    ended = false
  }
  for (const { reading } of streams) reading.connection.reset()
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  return {
    ended,
    sent: sum(streams.map(({ script }) => upstream.answer(script.id)?.sent ?? 0)),
    received: sum(streams.map(({ reading }) => reading.tokens)),
  }
}

function nothing(): void {}

/** Waits for a time that is too short for a timer. */
async function pause(microseconds: number): Promise<void> {
  const until = now() + microseconds
  while (now() < until) await new Promise((resolve) => setImmediate(resolve))
}
