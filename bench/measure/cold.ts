import type { Candidate } from '../candidates.ts'
import { request } from '../client.ts'
import { now } from '../clock.ts'
import { awake, type Bench, launch, within } from '../field.ts'
import { makeScript } from '../script.ts'

/** Milliseconds from starting the program to the first token of its first answer. */
export async function measureCold(
  bench: Bench,
  candidate: Candidate,
): Promise<Record<string, number>> {
  return awake(bench, async () => {
    await using runner = await launch(bench, candidate)
    const deadline = runner.launchedAt + 20e6
    while (now() < deadline) {
      try {
        const reading = await request(runner.target, makeScript('paced'))
        await within(reading.first, 10_000)
        return { 'cold.first': (reading.firstAt - runner.launchedAt) / 1000 }
      } catch {
        // It does not listen yet, or never will.
        if (runner.program?.alive() === false) throw new Error(runner.program.said())
        await Bun.sleep(1)
      }
    }
    return { 'cold.first': Number.NaN }
  })
}
