/** The bounds of a soak, and which of them were broken. */
import { countOf, merged, quantileOf } from './histogram.ts'
import type { PhaseFigures } from './messages.ts'
import type { Holdings } from './observe-server.ts'
import type { Random } from './random.ts'
import { type Pair, type RatioInterval, ratioOf } from './ratio.ts'
import type { Recorder } from './record.ts'

/** What an attack may cost others: the ratio to the control. */
const MAX_RATIO = 3
/** Milliseconds within which an aborted request has to be closed at the upstream: the heartbeat, and time to act. */
const MAX_CLOSING = 2_500
/** Bytes by which memory may have grown. */
export const MAX_GROWTH = 100 * 2 ** 20
/** Descriptors by which a server may have grown: idle connections to upstreams are kept. */
export const MAX_DESCRIPTORS = 10

/** Samples from which on the 99th percentile is more than a few of them. */
const ENOUGH = 1_000

export interface Row {
  name: string
  value: string
  bound: string
  isBroken: boolean
}

export interface Ends {
  before: Holdings
  after: Holdings
  /** Seconds after the last request until all had returned. */
  returnedAfter: number
  /** Connections of the server at the upstream that only rest. */
  resting: { before: number; after: number }
  complaint: string | undefined
  isAlive: boolean
}

export function rowsOf(recorder: Recorder, ends: Ends, random: Random): Row[] {
  const phases = [...recorder.figures].sort(([a], [b]) => a - b).map(([, figures]) => figures)
  return [
    ...timingRows(phases, random),
    {
      name: 'streams refused or wrong',
      value: `${recorder.failures.length} of ${recorder.streams}`,
      bound: '0',
      isBroken: recorder.failures.length > 0 || recorder.streams === 0,
    },
    {
      name: 'answers that attackers must not get',
      value: String(recorder.violations.length),
      bound: '0',
      isBroken: recorder.violations.length > 0,
    },
    closingRow(recorder),
    ...endRows(ends),
    {
      name: 'internal errors in the log',
      value: String(recorder.internalErrors.length),
      bound: '0',
      isBroken: recorder.internalErrors.length > 0,
    },
    {
      name: 'exceptions on stderr',
      value: ends.complaint === undefined ? 'none' : 'some',
      bound: 'none',
      isBroken: ends.complaint !== undefined,
    },
    {
      name: 'the server process',
      value: ends.isAlive ? 'never ended' : 'ended',
      bound: 'never ended',
      isBroken: !ends.isAlive,
    },
  ]
}

function timingRows(phases: readonly PhaseFigures[], random: Random): Row[] {
  const measures = [
    { name: 'gap between tokens', of: ({ gaps }: PhaseFigures) => gaps, isBound: true },
    { name: 'time to first token', of: (p: PhaseFigures) => p.firstTokens, isBound: true },
    { name: 'delay of a token', of: ({ delays }: PhaseFigures) => delays, isBound: false },
  ]
  return measures.flatMap(({ name, of, isBound }) => {
    const pairs = pairsOf(phases).map((pair) => ({
      attacked: of(pair.attacked),
      control: of(pair.control),
    }))
    return [
      row(`${name}, p50`, pairs, 0.5, false, random),
      tailRow(name, pairs, isBound, random),
      row(`${name}, max`, pairs, 1, false, random),
    ]
  })
}

/** The 99th percentile; of few samples it would be the largest alone, so that the 90th is judged. */
function tailRow(name: string, pairs: Pair[], isBound: boolean, random: Random): Row {
  const fewest = Math.min(
    ...(['attacked', 'control'] as const).map((side) =>
      countOf(merged(pairs.map((pair) => pair[side]))),
    ),
  )
  return fewest < ENOUGH
    ? row(`${name}, p90`, pairs, 0.9, isBound, random)
    : row(`${name}, p99`, pairs, 0.99, isBound, random)
}

/** Phases alternate: an attacked one, then its control. */
function pairsOf(
  phases: readonly PhaseFigures[],
): { attacked: PhaseFigures; control: PhaseFigures }[] {
  return phases.flatMap((attacked, at) => {
    const control = phases[at + 1]
    return at % 2 === 0 && control !== undefined ? [{ attacked, control }] : []
  })
}

function row(name: string, pairs: Pair[], q: number, isBound: boolean, random: Random): Row {
  const interval = ratioOf(pairs, q, random)
  const of = (side: keyof Pair) => inMs(quantileOf(merged(pairs.map((pair) => pair[side])), q))
  const count = countOf(merged(pairs.map(({ attacked }) => attacked)))
  return {
    name,
    value: `${of('attacked')} ms, control ${of('control')} ms: ${shown(interval)}`,
    bound: isBound ? `${MAX_RATIO} ×` : '–',
    isBroken: isBound && (count === 0 || !(interval.ratio <= MAX_RATIO)),
  }
}

function shown({ ratio, low, high }: RatioInterval): string {
  return `${ratio.toFixed(2)} × (${low.toFixed(2)}–${high.toFixed(2)})`
}

function closingRow({ closing }: Recorder): Row {
  const count = countOf(closing)
  const [half, most] = [0.5, 0.99].map((q) => quantileOf(closing, q).toFixed(0))
  return {
    name: 'upstream closes after a client left',
    value:
      count === 0
        ? 'none left'
        : `p50 ${half} ms, p99 ${most} ms, max ${closing.max.toFixed(0)} ms of ${count}`,
    bound: `p99 ${MAX_CLOSING} ms`,
    isBroken: count > 0 && quantileOf(closing, 0.99) > MAX_CLOSING,
  }
}

function endRows({ before, after, returnedAfter, resting }: Ends): Row[] {
  const growth = after.memory - before.memory
  const descriptors = after.descriptors - resting.after - (before.descriptors - resting.before)
  const counters = `${after.running} running, ${after.waiting} waiting`
  return [
    {
      name: `memory, ${returnedAfter} s after`,
      value: `${inMib(before.memory)} MiB in the first half, ${inMib(after.memory)} MiB after`,
      bound: `+${inMib(MAX_GROWTH)} MiB`,
      isBroken: !(growth <= MAX_GROWTH),
    },
    {
      name: `descriptors, ${returnedAfter} s after`,
      value: `${before.descriptors} before, ${after.descriptors} after, of which ${resting.after} rest`,
      bound: `+${MAX_DESCRIPTORS}`,
      isBroken: !(descriptors <= MAX_DESCRIPTORS),
    },
    {
      name: `counters, ${returnedAfter} s after`,
      value: counters,
      bound: '0 running, 0 waiting',
      isBroken: after.running !== 0 || after.waiting !== 0,
    },
  ]
}

function inMib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

function inMs(microseconds: number): string {
  return (microseconds / 1_000).toFixed(1)
}
