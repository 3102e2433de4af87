import type { Recording } from '../../recording/recording.ts'
import type { Findings } from '../findings.ts'
import type { ParsedEvent } from './framing.ts'

/** Milliseconds: events closer than this arrived together. */
const TOGETHER = 2

/** With fewer events than this, their arrival is not checked. */
const FEWEST = { atOnce: 5, inBursts: 12 }

/** Milliseconds before an answer that arrived all at once: a fast model takes less. */
const LATE = 250

/** Bursts have at least this many events on average, and are at least so many milliseconds apart. */
const BURST = { events: 4, apart: 100 }

/** Milliseconds without a byte after which a proxy may close the connection. */
const SILENCE = 15_000

/** Events that arrived together. */
export interface Arrival {
  at: number
  events: number
}

function arrivalsOf(said: readonly ParsedEvent[]): Arrival[] {
  const arrivals: Arrival[] = []
  let last = Number.NEGATIVE_INFINITY
  for (const { event } of said) {
    const open = arrivals.at(-1)
    if (open !== undefined && event.at - last < TOGETHER) open.events++
    else arrivals.push({ at: event.at, events: 1 })
    last = event.at
  }
  return arrivals
}

/** Checks that events arrived as they were generated. */
export function checkArrival(
  { packets }: Recording,
  said: readonly ParsedEvent[],
  findings: Findings,
): void {
  const arrivals = arrivalsOf(said)
  const count = said.length
  const first = arrivals[0]?.at ?? 0
  if (count >= FEWEST.atOnce && arrivals.length === 1 && first >= LATE) {
    const seen = `${count} events at once, after ${Math.round(first)} ms without any`
    findings.add('all-at-once', seen, said[0]?.event.start)
  } else if (count >= FEWEST.inBursts && count / arrivals.length >= BURST.events) {
    const gaps = arrivals.slice(1).map(({ at }, index) => at - (arrivals[index]?.at ?? 0))
    gaps.sort((a, b) => a - b)
    const gap = gaps[gaps.length >> 1] ?? 0
    if (gap >= BURST.apart) {
      const seen = `${count} events in ${arrivals.length} bursts, ${Math.round(gap)} ms apart`
      findings.add('bursts', seen, said[0]?.event.start)
    }
  }
  checkSilence(packets, findings)
}

function checkSilence(packets: Recording['packets'], findings: Findings): void {
  let last = 0
  let offset = 0
  for (const { at, bytes } of packets) {
    if (at - last > SILENCE) {
      findings.add('silence', `${((at - last) / 1000).toFixed(1)} s without a byte`, offset)
    }
    last = at
    offset += bytes.length
  }
}
