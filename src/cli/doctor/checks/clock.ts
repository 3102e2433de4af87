/** Whether the clock is right, by what servers and the store said of the time. */
import type { Examination, Observation } from '../finding.ts'

/** Milliseconds from which on certificates, quotas and signatures suffer. */
const TOO_FAR = 30_000

/** After all other checks, as they learn what other clocks say. */
export function clockFound({ clocks }: Pick<Examination, 'clocks'>): Observation[] {
  const [furthest] = clocks.toSorted((a, b) => Math.abs(b.aheadMs) - Math.abs(a.aheadMs))
  if (furthest === undefined) return []
  const { source, aheadMs } = furthest
  const seconds = Math.round(Math.abs(aheadMs) / 1_000)
  if (Math.abs(aheadMs) <= TOO_FAR) {
    const text = `The clock agrees with ${source} within ${Math.max(1, seconds)} s.`
    return [{ code: 'clock', level: 'ok', text }]
  }
  const text = `The clock of this machine is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} that of ${source}: certificates, quotas and expiry dates of keys are judged by a wrong time.`
  const remedy = 'Let the system set its clock.'
  return [{ code: 'clock_wrong', level: 'warning', text, remedy, ...command() }]
}

function command(): Pick<Observation, 'command'> {
  if (process.platform === 'linux') return { command: 'sudo timedatectl set-ntp true' }
  if (process.platform === 'darwin') return { command: 'sudo sntp -sS time.apple.com' }
  return process.platform === 'win32' ? { command: 'w32tm /resync' } : {}
}

/** How far the clock that wrote a `Date` header is ahead; undefined where there is none. */
export function aheadBy(
  date: string | null,
  sentAt: number,
  receivedAt: number,
): number | undefined {
  const told = Date.parse(date ?? '')
  if (Number.isNaN(told)) return undefined
  // The header has whole seconds.
  return told + 500 - (sentAt + receivedAt) / 2
}
