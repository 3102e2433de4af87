/** Everything that was seen in one soak. */
import { addValue, emptyHistogram, type Histogram } from './histogram.ts'
import type {
  AttackCount,
  Failure,
  PhaseFigures,
  Report,
  Target,
  UpstreamStats,
} from './messages.ts'
import type { Holdings } from './observe-server.ts'

/** One second. */
export interface Moment extends Holdings {
  /** Seconds since the start. */
  at: number
  phase: string
  /** Of the shared upstream. */
  upstream: UpstreamStats
  /** The share of the rates in the table at which the attackers attack. */
  rate: number
  /** Shares of one core, in percent, by the name of a process. */
  cpu: Record<string, number>
}

export class Recorder {
  readonly failures: Failure[] = []
  readonly figures = new Map<number, PhaseFigures>()
  readonly violations: { attack: string; text: string }[] = []
  readonly moments: Moment[] = []
  readonly internalErrors: string[] = []
  /** Milliseconds from a client's leaving to the close at the upstream. */
  readonly closing: Histogram = emptyHistogram()
  readonly upstreamLateness: Histogram[] = []
  attacks: Record<string, AttackCount> = {}
  reloads = 0
  streams = 0
  byKind: Record<string, number> = {}
  upstream: Record<Target, UpstreamStats> = {
    measured: { connections: 0, running: 0, abortable: 0 },
    other: { connections: 0, running: 0, abortable: 0 },
  }
  #isDone = Promise.withResolvers<void>()
  readonly #left = new Map<string, number>()
  readonly #closed = new Map<string, { opened: number; closed: number }>()

  /** Resolves once the last well-behaved stream has ended. */
  get done(): Promise<void> {
    return this.#isDone.promise
  }

  take(report: Report): void {
    if (report.type === 'failure') this.failures.push(report.failure)
    else if (report.type === 'figures') this.figures.set(report.phase, report.figures)
    else if (report.type === 'violation') this.#violation(report.attack, report.text)
    else if (report.type === 'attacks') this.attacks = report.counts
    else if (report.type === 'completed')
      Object.assign(this, { streams: report.streams, byKind: report.byKind })
    else if (report.type === 'lateness') this.upstreamLateness.push(report.lateness)
    else if (report.type === 'done') this.#isDone.resolve()
    else if (report.type === 'upstream') {
      this.upstream = report.stats
      for (const [id, opened, closed] of report.closed) {
        this.#closed.set(id, { opened, closed })
        this.#join(id)
      }
    } else if (report.type === 'left') {
      for (const [id, at] of report.left) {
        this.#left.set(id, at)
        this.#join(id)
      }
    }
  }

  #violation(attack: string, text: string): void {
    if (this.violations.length < 200) this.violations.push({ attack, text })
  }

  /**
   * Both ends of an aborted request are told of, in either order. One that reached the upstream only
   * after its client had left, as on a busy machine, counts from then on.
   */
  #join(id: string): void {
    const left = this.#left.get(id)
    const connection = this.#closed.get(id)
    if (left === undefined || connection === undefined) return
    this.#left.delete(id)
    this.#closed.delete(id)
    addValue(this.closing, Math.max(0, connection.closed - Math.max(left, connection.opened)))
  }
}
