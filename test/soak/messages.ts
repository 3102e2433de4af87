/** What the processes of a soak tell each other. */
import type { Histogram } from './histogram.ts'

/** The server that the well-behaved streams use, or the one beside it. */
export type Target = 'measured' | 'other'

export const TARGETS: readonly Target[] = ['measured', 'other']

export type Ports = Record<Target, number>

/** To the client and to the attackers. */
export interface Start {
  type: 'start'
  ports: Ports
  /** Secrets by the names of keys. */
  secrets: Record<string, string>
  seed: number
  /** Well-behaved streams at once. */
  streams: number
  /** The attacks to run, by their names. */
  attacks: string[]
}

export type Command =
  | Start
  /** To the client: samples belong to the phase of this number from now on; undefined counts none. */
  | { type: 'phase'; phase: number | undefined }
  /** To the attackers: whom they attack from now on. */
  | { type: 'attack'; target: Target | undefined }
  /** To the attackers: the share of the rates in their table that they may use, from 0 to 1. */
  | { type: 'rate'; factor: number }
  /** To the client: no new streams; it says `done` when the last has ended. */
  | { type: 'finish' }

/** A stream that was refused, failed or had a wrong byte. */
export interface Failure {
  /** Milliseconds since 1970. */
  at: number
  kind: string
  key: string
  id: string
  status: number
  causes: string[]
}

/** What the well-behaved streams of one phase saw, in microseconds. */
export interface PhaseFigures {
  gaps: Histogram
  firstTokens: Histogram
  /** From the upstream's sending a token to its arrival. */
  delays: Histogram
  /** How late the client's own timers were. */
  lateness: Histogram
  tokens: number
  streams: number
  /** Samples left out because the client or the upstream was late itself. */
  leftOut: number
}

export interface UpstreamStats {
  connections: number
  running: number
  /** Requests of the aborting client that are still open. */
  abortable: number
}

export interface AttackCount {
  sent: number
  /** Answers by their status; `none` where the connection ended without one. */
  statuses: Record<string, number>
}

export type Report =
  | { type: 'ready'; ports?: Ports }
  | { type: 'done' }
  | { type: 'failure'; failure: Failure }
  | { type: 'figures'; phase: number; figures: PhaseFigures }
  | { type: 'completed'; streams: number; byKind: Record<string, number> }
  | {
      type: 'upstream'
      stats: Record<Target, UpstreamStats>
      closed: [id: string, opened: number, closed: number][]
    }
  | { type: 'lateness'; lateness: Histogram }
  | { type: 'left'; left: [id: string, at: number][] }
  | { type: 'attacks'; counts: Record<string, AttackCount> }
  /** Something that a server must never do, whoever asks. */
  | { type: 'violation'; attack: string; text: string }

/** Sends a report to the process that started this one. */
export function report(message: Report): void {
  process.send?.(message)
}

/** Calls `take` with each command; this process ends with the one that started it. */
export function onCommand(take: (command: Command) => void): void {
  process.on('message', (message) => take(message as Command))
  process.on('disconnect', () => process.exit(0))
}
