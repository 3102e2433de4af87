import type { Candidate } from '../candidate.ts'
import { request } from '../client.ts'
import { now } from '../clock.ts'
import { type Bench, launch, withoutSleeping, withTimeout } from '../runner.ts'
import { makeScript } from '../script.ts'
import { median } from '../stats.ts'

/** The number of starts, of which the median counts. */
const STARTS = 3

/** Milliseconds from starting the program to the first token of its first answer. */
export async function measureCold(
  bench: Bench,
  candidate: Candidate,
): Promise<Record<string, number>> {
  const times: number[] = []
  for (let i = 0; i < (bench.scale < 1 ? 1 : STARTS); i++) {
    times.push(await withoutSleeping(bench, () => firstToken(bench, candidate)))
  }
  return { 'cold.first': median(times) }
}

async function firstToken(bench: Bench, candidate: Candidate): Promise<number> {
  await using runner = await launch(bench, candidate)
  const deadline = runner.launchedAt + 20e6
  while (now() < deadline) {
    try {
      const reading = await request(runner.target, makeScript('paced'))
      await withTimeout(reading.first, 10_000)
      return (reading.firstAt - runner.launchedAt) / 1000
    } catch {
      // It does not listen yet, or it has exited.
      if (runner.program?.alive() === false) throw new Error(runner.program.stderr())
      await Bun.sleep(1)
    }
  }
  throw new Error('expected a first token within 20 s, got none')
}
