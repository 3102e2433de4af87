/** Everyone takes a turn at everything, round after round. */
import { type Candidate, candidates } from './candidates.ts'
import { type Disturbance, TOLERABLE, watch } from './disturbance.ts'
import { type Bench, enter, type Runner } from './field.ts'
import { measureCold } from './measure/cold.ts'
import { measureFlood } from './measure/flood.ts'
import { measureHangUp } from './measure/hang-up.ts'
import { measureMemory } from './measure/memory.ts'
import { measurePaced, paces } from './measure/paced.ts'
import { measureTtft } from './measure/ttft.ts'
import type { Measure, Options } from './options.ts'
import { type Figures, Samples } from './samples.ts'
import { warmUp } from './warm-up.ts'

export interface Outcome {
  samples: Samples
  /** What was left out or went wrong, a line each. */
  notes: string[]
}

/** How often a disturbed measurement is taken before the best of them has to do. */
const ATTEMPTS = 3

interface Attempt {
  figures: Figures
  disturbance: Disturbance
  sum: number
}

type Task = (bench: Bench, runner: Runner) => Promise<Figures>

/** Those for which all candidates run side by side, so that their turns are close together. */
const together: Partial<Record<Measure, Task[]>> = {
  ttft: [measureTtft],
  paced: paces.map((pace) => (bench, runner) => measurePaced(bench, runner, pace)),
  flood: [measureFlood],
  hangup: [measureHangUp],
}

interface Race {
  bench: Bench
  outcome: Outcome
  say: (line: string) => void
}

/** Those that need a process that has done nothing else. */
const alone: Partial<Record<Measure, (bench: Bench, candidate: Candidate) => Promise<Figures>>> = {
  memory,
  cold: measureCold,
}

/** Measures what the options ask for. `say` tells how far it is. */
export async function run(
  bench: Bench,
  options: Options,
  say: (line: string) => void,
): Promise<Outcome> {
  const outcome: Outcome = { samples: new Samples(), notes: [] }
  const race: Race = { bench, outcome, say }
  const able = candidates
    .filter(({ name }) => options.only.includes(name))
    .filter((candidate) => isAble(candidate, outcome.notes))
  const tasks = options.what.flatMap((name) => together[name] ?? [])
  for (let round = 0; round < options.rounds; round++) {
    say(`round ${round + 1} of ${options.rounds}`)
    if (tasks.length > 0) await sideBySide(race, round, able, tasks)
    for (const [name, task] of Object.entries(alone)) {
      if (!options.what.includes(name as Measure)) continue
      for (const candidate of able) {
        if (candidate.command) await turn(race, round, candidate, () => task(bench, candidate))
      }
    }
  }
  return outcome
}

function isAble(candidate: Candidate, notes: string[]): boolean {
  const lack = candidate.lacks?.()
  if (lack !== undefined) notes.push(`${candidate.name} is left out: ${lack}`)
  return lack === undefined
}

async function sideBySide(race: Race, round: number, able: Candidate[], tasks: Task[]) {
  const runners: Runner[] = []
  try {
    for (const candidate of able) {
      await turn(race, round, candidate, async () => {
        const runner = await enter(race.bench, candidate)
        runners.push(runner)
        await warmUp(race.bench, runner)
        return {}
      })
    }
    for (const task of tasks) {
      for (const runner of runners) {
        await turn(race, round, runner.candidate, async () => {
          const attempt = await watched(race.bench, runner, task)
          return withDisturbance(race.outcome, round, runner.candidate.name, attempt)
        })
        race.bench.upstream.forget()
        // What it still has to tidy up is not the next one's to pay.
        await Bun.sleep(100)
      }
    }
  } finally {
    await Promise.all(runners.map((runner) => runner[Symbol.asyncDispose]()))
  }
}

/** Measures again, twice at most, when the machine was disturbed; the least disturbed one counts. */
async function watched(bench: Bench, runner: Runner, task: Task): Promise<Attempt> {
  let best: Attempt | undefined
  for (let i = 0; i < (bench.scale < 1 ? 1 : ATTEMPTS); i++) {
    const look = watch(bench.core === undefined ? [] : [0, 1], () => runner.usage().cpu)
    const figures = await task(bench, runner)
    const disturbance = look()
    const attempt = { figures, disturbance, sum: disturbance.stolen + disturbance.others }
    if (best === undefined || attempt.sum < best.sum) best = attempt
    if (!(best.sum > TOLERABLE)) break
  }
  return best as Attempt
}

/** Keeps the worst of a round beside its figures. */
function withDisturbance({ samples }: Outcome, round: number, name: string, attempt: Attempt) {
  const { figures, disturbance } = attempt
  const worst = (figure: 'stolen' | 'others') => {
    const known = samples.series(name, `disturbed.${figure}`)[round]
    return Math.max(known || 0, disturbance[figure])
  }
  return { ...figures, 'disturbed.stolen': worst('stolen'), 'disturbed.others': worst('others') }
}

/** One candidate's turn at one thing; its failure is noted and stops nobody else. */
async function turn(
  { outcome, say }: Race,
  round: number,
  { name }: Candidate,
  task: () => Promise<Figures>,
): Promise<void> {
  try {
    const figures = await task()
    outcome.samples.record(round, name, figures)
    const shown = Object.entries(figures).map(([figure, value]) => `${figure} ${brief(value)}`)
    if (shown.length > 0) say(`  ${name.padEnd(15)} ${shown.join('  ')}`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const note = `round ${round + 1}, ${name}: ${message}`
    outcome.notes.push(note)
    say(`  ${note}`)
  }
}

async function memory(bench: Bench, candidate: Candidate): Promise<Figures> {
  await using runner = await enter(bench, candidate)
  await warmUp({ ...bench, scale: Math.min(bench.scale, 0.2) }, runner)
  // Awaited here, for the runner ends with this function.
  return await measureMemory(bench, runner)
}

function brief(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value)
}
