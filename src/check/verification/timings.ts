import type { Recording } from '../../recording/recording.ts'
import { parseObject } from '../../util/object.ts'
import { dialectOf } from '../dialects/dialects.ts'
import { parseBody } from '../recorded-body.ts'

/** When a stream arrived, in milliseconds after its request. */
export interface Timings {
  headers: number
  /** The first event with text, reasoning or a tool call. */
  firstToken: number
  total: number
  /** Between two events. */
  gap: { median: number; p95: number; longest: number }
  events: number
  /** As the server counted them. */
  tokens?: number
  tokensPerSecond?: number
}

/** The milliseconds between a stream's events, in their order. */
export function gapsOf(recording: Recording): number[] {
  const events = parseBody(recording).events.filter(({ data }) => data !== undefined)
  return events.slice(1).map(({ at }, index) => at - (events[index]?.at ?? 0))
}

/** Undefined if no token arrived. */
export function timingsOf(recording: Recording): Timings | undefined {
  const events = parseBody(recording).events.filter(({ data }) => data !== undefined)
  const { hasOutput, tokenCount } = dialectOf(recording)
  const saidBy = ({ data = '' }: { data: string | undefined }) => parseObject(data)
  const first = events.find((event) => hasOutput(saidBy(event) ?? {}))
  if (first === undefined || recording.response === undefined) return undefined
  const gaps = gapsOf(recording)
  gaps.sort((a, b) => a - b)
  const at = (share: number) => rounded(gaps[Math.floor(gaps.length * share)] ?? 0)
  const last = events.at(-1)?.at ?? first.at
  const counted = events.map((event) => tokenCount(saidBy(event) ?? {}))
  const tokens = counted.findLast((count) => count !== undefined)
  const seconds = (last - first.at) / 1000
  return {
    headers: rounded(recording.response.at),
    firstToken: rounded(first.at),
    total: rounded(recording.end.at),
    gap: { median: at(0.5), p95: at(0.95), longest: rounded(gaps.at(-1) ?? 0) },
    events: events.length,
    ...(tokens !== undefined && { tokens }),
    ...(tokens !== undefined && seconds > 0 && { tokensPerSecond: rounded(tokens / seconds) }),
  }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
