import { measureFlood } from './measure/flood.ts'
import { measurePaced } from './measure/paced.ts'
import { measureTtft } from './measure/ttft.ts'
import type { Bench, Runner } from './runner.ts'

/**
 * Takes the measurements once without counting them, because compilers go on optimising for tens of
 * thousands of chunks.
 */
export async function warmUp(bench: Bench, runner: Runner): Promise<void> {
  await measureFlood({ ...bench, scale: bench.scale / 2 }, runner)
  await measurePaced(bench, runner, { streams: 100, rate: 200 })
  await measureTtft(bench, runner)
}
