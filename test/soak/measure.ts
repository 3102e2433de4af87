/** What the client process measures, by phases; samples for which somebody else was late are left out. */
import { now } from '../../bench/clock.ts'
import { addValue, emptyHistogram } from './histogram.ts'
import { type PhaseFigures, report } from './messages.ts'
import { PACE } from './text.ts'

/** Milliseconds between two looks at the clock. */
const WATCH = 5
/** Microseconds by which the client or the upstream may be late. */
const LATE = 10_000

let phase: number | undefined
let figures = fresh()
const byKind: Record<string, number> = {}
let streams = 0
let watchedAt = now()
/** Samples that arrive before this time, by `now`, were not read as soon as they came. */
let lateUntil = 0

setInterval(() => {
  const time = now()
  const late = Math.max(0, time - watchedAt - WATCH * 1_000)
  watchedAt = time
  if (late > LATE) lateUntil = time + WATCH * 1_000
  if (phase !== undefined) addValue(figures.lateness, late)
}, WATCH)

setInterval(() => report({ type: 'completed', streams, byKind }), 500)

/** Samples belong to this phase from now on. The figures of the one before are sent. */
export function setPhase(next: number | undefined): void {
  if (phase !== undefined) report({ type: 'figures', phase, figures })
  figures = fresh()
  phase = next
}

/** Microseconds from sending a request to its first token. */
export function addFirstToken(took: number): void {
  if (phase === undefined) return
  if (isClientLate()) figures.leftOut++
  else addValue(figures.firstTokens, took)
}

export interface Gap {
  last: { sent: number; arrived: number }
  sent: number
  arrived: number
}

export function addGap({ last, sent, arrived }: Gap): void {
  if (phase === undefined) return
  figures.tokens++
  const isUpstreamLate = sent - last.sent > PACE * 1_000 + LATE
  if (isUpstreamLate || isClientLate()) {
    figures.leftOut++
    return
  }
  addValue(figures.gaps, arrived - last.arrived)
  addValue(figures.delays, arrived - sent)
}

export function completed(kind: string): void {
  streams++
  byKind[kind] = (byKind[kind] ?? 0) + 1
  if (phase !== undefined) figures.streams++
}

/** Within one turn of the event loop, sockets may be read before the timer is due. */
function isClientLate(): boolean {
  const time = now()
  return time < lateUntil || time - watchedAt > WATCH * 1_000 + LATE
}

function fresh(): PhaseFigures {
  return {
    gaps: emptyHistogram(),
    firstTokens: emptyHistogram(),
    delays: emptyHistogram(),
    lateness: emptyHistogram(),
    tokens: 0,
    streams: 0,
    leftOut: 0,
  }
}
