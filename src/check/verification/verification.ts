/** The record of a check: what was asked of what, where, when, what came, and what was wrong. */
import type { Recording } from '../../recording/recording.ts'
import { shownBytes } from '../findings.ts'
import { violationsByHop } from '../hops.ts'
import { type Report, type Score, titleIn } from '../report.ts'
import type { DialectName, Severity } from '../rules/rule.ts'
import { type RuleName, rules } from '../rules/rules.ts'
import { violationsOf } from '../violations.ts'
import { type Timings, timingsOf } from './timings.ts'

/** What a check ran on, and what it ran against, as far as it is known. */
export interface Circumstances {
  /** `sluice 0.1.0 on bun 1.4.5` */
  by: string
  machine: { cpu: string; cores: number; memory: string; system: string; gpu?: string }
  /** What the server says it is: `sluice 0.1.0 on bun 1.4.5`, `uvicorn`. */
  server?: string
  /** What generates, as the model's entry or the server's health names it. */
  engine?: string
  /** What the model's entry says of its limits: `max_model_len`, `n_ctx_train`. */
  limits: Record<string, string | number>
}

export interface Verification extends Circumstances {
  'sluice-verification': 1
  /** ISO 8601. */
  date: string
  url: string
  model?: string
  /** From the client to the engine. */
  path: string[]
  questions: { title: string; curl: string; status?: number; ms: number; observed: string }[]
  timings?: Timings
  scores: Score[]
  broken: BrokenRule[]
  /** The APIs that were judged, and why others could not be. */
  dialects: DialectName[]
  untested: Report['untested']
}

export interface BrokenRule {
  rule: RuleName
  severity: Severity
  says: string
  seen: string
  offset?: number
  at?: number
  bytes?: string
  questions: string[]
  /** The hop that breaks it, where the server does not. */
  hop?: string
}

/** Bytes of an answer that a record shows. */
const SHOWN = 1_200

/** `reports` go from the server outwards: what clients see is the last one. */
export function verificationOf(
  reports: readonly Report[],
  circumstances: Circumstances,
  date: string,
): Verification {
  const seen = reports.at(-1) as Report
  const hops = new Map(violationsByHop(reports).map(({ rule, hop }) => [rule, hop]))
  const { server, engine, by } = circumstances
  const [innermost, ...others] = reports.map(({ url }) => url)
  const stream = seen.results.find(({ name }) => name === 'stream')
  const timings = stream && timingsOf(stream.recording)
  const { dialects, untested } = seen
  return {
    'sluice-verification': 1,
    date,
    url: seen.url,
    ...(seen.model !== undefined && { model: seen.model }),
    ...circumstances,
    path: [
      by,
      ...others.toReversed(),
      `${innermost}${server === undefined ? '' : ` (${server})`}`,
      ...(engine === undefined ? [] : [engine]),
    ],
    questions: seen.results.map((asked) => questionOf(titleIn(seen, asked), asked.recording)),
    ...(timings && { timings }),
    scores: seen.scores,
    broken: violationsOf(seen).map(({ finding: { rule, count: _count, ...place }, titles }) => ({
      rule,
      severity: rules[rule].severity,
      says: rules[rule].requirement,
      ...place,
      questions: titles,
      ...(hops.has(rule) && { hop: hops.get(rule) as string }),
    })),
    dialects,
    untested,
  }
}

function questionOf(title: string, recording: Recording): Verification['questions'][number] {
  const { response, packets, end } = recording
  const bytes = new Uint8Array(packets.flatMap((packet) => [...packet.bytes]).slice(0, SHOWN))
  return {
    title,
    curl: curlOf(recording),
    ...(response && { status: response.status }),
    ms: Math.round(end.at * 10) / 10,
    observed: lines(shownBytes(bytes)),
  }
}

/** A line an event line: the bytes stay escaped, their order is kept. */
function lines(text: string): string {
  return text.replaceAll('\\n', '\n')
}

/** The request as a command: keys stay hidden behind what the recording made of them. */
function curlOf({ request: { method, url, headers, body } }: Recording): string {
  const parts = [
    'curl -N',
    ...(method === 'POST' || method === 'GET' ? [] : [`-X ${method}`]),
    quoted(url),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${quoted(body)}`]),
  ]
  return parts.join(' ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
