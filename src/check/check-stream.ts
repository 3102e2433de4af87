import type { Recording } from '../recording/recording.ts'
import { checkArrival } from './checks/arrival.ts'
import { checkFraming } from './checks/framing.ts'
import { checkHeaders } from './checks/headers.ts'
import { dialectOf } from './dialects/dialects.ts'
import { Findings } from './findings.ts'
import { parseBody, type RecordedBody } from './recorded-body.ts'
import type { Finding } from './rules/rule.ts'
import type { RuleName } from './rules/rules.ts'

/** Judges one recorded stream, of whichever API, by every rule that it can show a breach of. */
export function checkStream(recording: Recording): Finding<RuleName>[] {
  const body = parseBody(recording)
  const dialect = dialectOf(recording)
  const findings = new Findings(dialect.name, body)
  checkHeaders(recording, findings)
  // A page or a whole answer is no stream: what else it breaks says nothing.
  if (isNoStream(body, findings.all)) return findings.all
  const said = checkFraming(body, findings)
  checkArrival(recording, said, findings)
  dialect.checkStream(recording, said, findings)
  return findings.all
}

/** Breaches after which nobody knows what a stream was to bring. */
const BREAKING_RULES: readonly RuleName[] = [
  'utf-8',
  'json',
  'truncated',
  'connection-broken',
  'error-in-stream',
]

/** Why what a stream brought can't be judged; undefined where it can, whatever else it breaks. */
export function whyNotCheckable(
  recording: Recording,
  findings: readonly Finding<RuleName>[],
): string | undefined {
  const body = parseBody(recording)
  if (isNoStream(body, findings)) return 'no stream came'
  const breach = findings.find(({ rule }) => BREAKING_RULES.includes(rule))
  if (breach !== undefined) return `the stream is broken (${breach.rule})`
  return body.events.some(({ data }) => data && !data.startsWith('[DONE]'))
    ? undefined
    : 'the stream brings nothing'
}

/** Whether it is no stream at all, neither by its type nor by what it holds. */
function isNoStream({ events }: RecordedBody, findings: readonly Finding<RuleName>[]): boolean {
  return (
    findings.some(({ rule }) => rule === 'content-type') &&
    !events.some(({ data }) => data !== undefined)
  )
}
