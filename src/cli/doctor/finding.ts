/** What `sluice doctor` finds out, and how its checks run. */
import type { Settings } from '../../settings/settings.ts'
import type { HostFacts, ToolContext } from '../tools/tool.ts'
import { deadlineSignal } from './deadline.ts'
import type { GivenSettings } from './given-settings.ts'

/**
 * `problem`: sluice does not start, or cannot answer. `warning`: something will fail, or is unsafe. `hint`:
 * something could be better. `ok`: it was looked at.
 */
export type Level = 'ok' | 'hint' | 'warning' | 'problem'

/** The checks, in the order in which they are shown. */
export const CHECKS = {
  runtime: 'Runtime',
  install: 'Installation',
  settings: 'Settings',
  address: 'Address',
  servers: 'Model servers',
  gpu: 'GPU',
  store: 'Shared state',
  network: 'Proxies and clock',
  resources: 'Resources',
} as const

export type CheckName = keyof typeof CHECKS

/** One thing that was found out. */
export interface Diagnosis {
  check: CheckName
  /** A stable word for programs: `port_in_use`. */
  code: string
  level: Level
  /** What is the case, in one sentence. */
  text: string
  /** What to do about it, in one sentence. */
  remedy?: string
  /** A command that does it, to copy. */
  command?: string
}

/** A finding without what its check adds. */
export type Observation = Omit<Diagnosis, 'check'>

/** What checks work with. */
export interface Examination {
  context: Pick<ToolContext, 'fetch' | 'runtime'>
  host: HostFacts
  given: GivenSettings
  /** The settings in force, or what can be used of them. */
  settings: Settings
  /** How the user calls sluice: `npm start --` or `sluice`. */
  program: string
  /** How far other clocks are ahead of this one, in milliseconds, by who told. */
  clocks: { source: string; aheadMs: number }[]
  /** Whether a model may be asked for a token. */
  tries: boolean
}

/** Rejects only for what nobody foresaw. */
export type Check = (examination: Examination, signal: AbortSignal) => Promise<Observation[]>

/** Milliseconds that a check may take. */
export const DEADLINE = 2_000

/** Milliseconds more, where a model is asked for a token. */
export const TRIAL_DEADLINE = 30_000

/** Runs checks at the same time, each with a deadline of its own. */
export async function runChecks(
  checks: readonly (readonly [CheckName, Check])[],
  examination: Examination,
  signal: AbortSignal,
  deadline = DEADLINE,
): Promise<Diagnosis[]> {
  const running = checks.map(async ([check, run]) => {
    const found = await within(run, examination, signal, deadline)
    return found.map((each): Diagnosis => ({ check, ...each }))
  })
  return (await Promise.all(running)).flat()
}

async function within(
  run: Check,
  examination: Examination,
  signal: AbortSignal,
  deadline: number,
): Promise<Observation[]> {
  const timeout = deadlineSignal(deadline, signal)
  const late = new Promise<Observation[]>((resolve) => {
    timeout.addEventListener('abort', () => resolve([notInTime(deadline)]), { once: true })
  })
  try {
    return await Promise.race([run(examination, timeout), late])
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const text = `This could not be looked at: ${why}`
    return [{ code: 'check_failed', level: 'warning', text }]
  }
}

function notInTime(deadline: number): Observation {
  const text = `This could not be looked at within ${deadline / 1_000} s.`
  const remedy = 'Run it again when the machine is less busy.'
  return { code: 'check_timeout', level: 'warning', text, remedy }
}
