/** Runs every measurement on every candidate in turn, in several rounds. */
import type { Candidate } from './candidate.ts'
import { candidates } from './candidates.ts'
import { type Disturbance, TOLERABLE, watch } from './disturbance.ts'
import { measureCold } from './measure/cold.ts'
import { measureEarly } from './measure/early.ts'
import { measureFlood } from './measure/flood.ts'
import { measureGrowth } from './measure/growth/growth.ts'
import { measureHangUp } from './measure/hang-up.ts'
import { measureMemory } from './measure/memory.ts'
import { measureNeighbour } from './measure/neighbour.ts'
import { measurePaced, paces } from './measure/paced.ts'
import { measureTtft } from './measure/ttft.ts'
import type { Measure, Options } from './options.ts'
import { type Bench, type Runner, startCandidate } from './runner.ts'
import { type Figures, Samples } from './samples.ts'
import { warmUp } from './warm-up.ts'

export interface Outcome {
  samples: Samples
  /** Candidates that were left out and measurements that failed, a line each. */
  notes: string[]
}

/** The most attempts at a disturbed measurement, of which the least disturbed one counts. */
const ATTEMPTS = 3

interface Attempt {
  figures: Figures
  disturbance: Disturbance
  sum: number
}

type Task = (bench: Bench, runner: Runner) => Promise<Figures>

/** Measures for which all candidates run at the same time, so that their turns follow closely. */
const sharedMeasures: Partial<Record<Measure, Task[]>> = {
  ttft: [measureTtft],
  paced: paces.map((pace) => (bench, runner) => measurePaced(bench, runner, pace)),
  flood: [measureFlood],
  hangup: [measureHangUp],
  neighbour: [measureNeighbour],
}

interface RunContext {
  bench: Bench
  outcome: Outcome
  print: (line: string) => void
}

/** Measures that need a new process for each candidate. */
const isolatedMeasures: Partial<
  Record<Measure, (bench: Bench, candidate: Candidate) => Promise<Figures>>
> = {
  memory,
  cold: measureCold,
  early: measureEarly,
  growth: measureGrowth,
}

/** Runs the measures in the options. `print` shows the progress. */
export async function run(
  bench: Bench,
  options: Options,
  print: (line: string) => void,
): Promise<Outcome> {
  const outcome: Outcome = { samples: new Samples(), notes: [] }
  const context: RunContext = { bench, outcome, print }
  const available = candidates
    .filter(({ name }) => options.only.includes(name))
    .filter((candidate) => isAvailable(candidate, outcome.notes))
  const tasks = options.what.flatMap((name) => sharedMeasures[name] ?? [])
  for (let round = 0; round < options.rounds; round++) {
    print(`round ${round + 1} of ${options.rounds}`)
    if (tasks.length > 0) await measureSideBySide(context, round, available, tasks)
    for (const [name, task] of Object.entries(isolatedMeasures)) {
      if (!options.what.includes(name as Measure)) continue
      for (const candidate of available) {
        if (candidate.command)
          await measureTurn(context, round, candidate, () => task(bench, candidate))
      }
    }
  }
  return outcome
}

function isAvailable(candidate: Candidate, notes: string[]): boolean {
  const reason = candidate.unavailable?.()
  if (reason !== undefined) notes.push(`${candidate.name} is left out: ${reason}`)
  return reason === undefined
}

async function measureSideBySide(
  context: RunContext,
  round: number,
  available: Candidate[],
  tasks: Task[],
) {
  const runners: Runner[] = []
  try {
    for (const candidate of available) {
      await measureTurn(context, round, candidate, async () => {
        const runner = await startCandidate(context.bench, candidate)
        runners.push(runner)
        await warmUp(context.bench, runner)
        return {}
      })
    }
    for (const task of tasks) {
      for (const runner of runners) {
        await measureTurn(context, round, runner.candidate, async () => {
          const attempt = await measureUndisturbed(context.bench, runner, task)
          return withDisturbance(context.outcome, round, runner.candidate.name, attempt)
        })
        context.bench.upstream.forget()
        // Work that the candidate still does must not disturb the next one's measurement.
        await Bun.sleep(100)
      }
    }
  } finally {
    await Promise.all(runners.map((runner) => runner[Symbol.asyncDispose]()))
  }
}

/** Measures at most three times while the machine is disturbed; the least disturbed attempt counts. */
async function measureUndisturbed(bench: Bench, runner: Runner, task: Task): Promise<Attempt> {
  let best: Attempt | undefined
  for (let i = 0; i < (bench.scale < 1 ? 1 : ATTEMPTS); i++) {
    const stopWatching = watch(bench.core === undefined ? [] : [0, 1], () => runner.usage().cpu)
    const figures = await task(bench, runner)
    const disturbance = stopWatching()
    const attempt = { figures, disturbance, sum: disturbance.stolen + disturbance.others }
    if (best === undefined || attempt.sum < best.sum) best = attempt
    if (!(best.sum > TOLERABLE)) break
  }
  return best as Attempt
}

/** Adds the worst disturbance of the round so far to the figures. */
function withDisturbance({ samples }: Outcome, round: number, name: string, attempt: Attempt) {
  const { figures, disturbance } = attempt
  const worst = (figure: 'stolen' | 'others') => {
    const known = samples.series(name, `disturbed.${figure}`)[round]
    return Math.max(known || 0, disturbance[figure])
  }
  return { ...figures, 'disturbed.stolen': worst('stolen'), 'disturbed.others': worst('others') }
}

/** Runs one measure on one candidate. A failure is noted, and the other candidates go on. */
async function measureTurn(
  { outcome, print }: RunContext,
  round: number,
  { name }: Candidate,
  task: () => Promise<Figures>,
): Promise<void> {
  try {
    const figures = await task()
    outcome.samples.record(round, name, figures)
    const shown = Object.entries(figures).map(
      ([figure, value]) => `${figure} ${shortNumber(value)}`,
    )
    if (shown.length > 0) print(`  ${name.padEnd(15)} ${shown.join('  ')}`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const note = `round ${round + 1}, ${name}: ${message}`
    outcome.notes.push(note)
    print(`  ${note}`)
  }
}

async function memory(bench: Bench, candidate: Candidate): Promise<Figures> {
  await using runner = await startCandidate(bench, candidate)
  await warmUp({ ...bench, scale: Math.min(bench.scale, 0.2) }, runner)
  // Awaited here, because the runner is disposed when this function returns.
  return await measureMemory(bench, runner)
}

function shortNumber(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value)
}
