import type { Candidate } from '../candidate.ts'
import { connect } from '../client.ts'
import { now } from '../clock.ts'
import { type Bench, launch, type Runner, withoutSleeping, withTimeout } from '../runner.ts'
import { makeScript } from '../script.ts'
import { median } from '../stats.ts'

/** Milliseconds between the moment when a program listens and its first request, as people need to type one. */
const PAUSE = 2_500

/** Which requests after the start are shown, each by the median of those around it: from the first to the last. */
export const early = {
  '1': [0, 0],
  '2': [1, 1],
  '10': [7, 11],
  '100': [89, 109],
  '1000': [899, 999],
}

/** Microseconds to the first token of the first requests after the start. */
export async function measureEarly(
  bench: Bench,
  candidate: Candidate,
): Promise<Record<string, number>> {
  await using runner = await launch(bench, candidate)
  await untilListening(runner)
  await Bun.sleep(PAUSE)
  const times = await withoutSleeping(bench, () => firstTokens(runner))
  return Object.fromEntries(
    Object.entries(early).map(([name, [from = 0, to = 0]]) => {
      return [`early.${name}`, median(times.slice(from, to + 1))]
    }),
  )
}

async function untilListening({ target }: Runner): Promise<void> {
  const deadline = now() + 20e6
  for (;;) {
    try {
      return (await connect(target)).reset()
    } catch (error) {
      if (now() > deadline) throw error
      await Bun.sleep(5)
    }
  }
}

async function firstTokens({ target }: Runner): Promise<number[]> {
  const times: number[] = []
  const connection = await connect(target)
  while (times.length < 1_000) {
    const reading = connection.send(makeScript('paced', { tokens: 8 }))
    await withTimeout(reading.ended, 10_000)
    times.push(reading.firstAt - reading.sentAt)
    // A candidate can reuse its connection to the upstream only after it has forwarded the end.
    await Bun.sleep(1)
  }
  connection.reset()
  return times
}
