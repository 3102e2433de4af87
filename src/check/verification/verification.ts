/** The record of a check: server, machine, time, requests, answers and broken rules. */
import type { Recording } from '../../recording/recording.ts'
import { shownBytes } from '../findings.ts'
import { violationsByHop } from '../hops.ts'
import { type Report, type Score, titleIn } from '../report.ts'
import type { DialectName, Severity } from '../rules/rule.ts'
import { type RuleName, rules } from '../rules/rules.ts'
import { violationsOf } from '../violations.ts'
import { type Timings, timingsOf } from './timings.ts'

/** The machine and the server of a check, as far as they are known. */
export interface Circumstances {
  /** `sluice 0.1.0 on bun 1.4.5` */
  by: string
  machine: { cpu: string; cores: number; memory: string; system: string; gpu?: string }
  /** The server's own name: `sluice 0.1.0 on bun 1.4.5`, `uvicorn`. */
  server?: string
  /** The engine, as the model's entry or the server's health endpoint names it. */
  engine?: string
  /** The limits in the model's entry: `max_model_len`, `n_ctx_train`. */
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
  /** The APIs that were checked, and why others could not be. */
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
  /** The hop that breaks it, if the server does not. */
  hop?: string
}

/** The most bytes of an answer in a record. */
const SHOWN = 1_200

/** `reports` go from the server outwards; the last one is what clients see. */
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

/** One line for each line of the stream; other bytes stay escaped. */
function lines(text: string): string {
  return text.replaceAll('\\n', '\n')
}

/** The request as a curl command; keys are masked, as in the recording. */
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
