import type { Recording } from '../recording/recording.ts'
import { finish, type Steps } from '../util/slices.ts'
import { checkArrival } from './checks/arrival.ts'
import { checkFraming } from './checks/framing.ts'
import { checkHeaders } from './checks/headers.ts'
import { dialectOf } from './dialects/dialects.ts'
import { Findings } from './findings.ts'
import { parseBody, type RecordedBody } from './recorded-body.ts'
import type { Finding } from './rules/rule.ts'
import type { RuleName } from './rules/rules.ts'

/** Checks one recorded stream of any API against every rule that a stream can break. */
export function checkStream(recording: Recording): Finding<RuleName>[] {
  return finish(checkStreamInSteps(recording))
}

/** The same in steps: a long stream takes a tenth of a second, in which a page could do nothing else. */
export function* checkStreamInSteps(recording: Recording): Steps<Finding<RuleName>[]> {
  const body = parseBody(recording)
  yield
  const dialect = dialectOf(recording)
  const findings = new Findings(dialect.name, body)
  checkHeaders(recording, findings)
  // An HTML page or a JSON answer is not a stream: other rules would only report noise.
  if (isNoStream(body, findings.all)) return findings.all
  const said = checkFraming(body, findings, isResumable(recording))
  yield
  checkArrival(recording, said, findings)
  yield
  dialect.checkStream(recording, said, findings)
  return findings.all
}

/** Whether the server names the address where the stream is resumed by the ids of its events. */
function isResumable({ response }: Recording): boolean {
  return response?.headers.some(([name]) => name.toLowerCase() === 'x-sluice-resume') === true
}

/** Rules that, once broken, leave the content of a stream unknown. */
const BREAKING_RULES: readonly RuleName[] = [
  'utf-8',
  'json',
  'truncated',
  'connection-broken',
  'error-in-stream',
]

/** Why the content of a stream can't be checked; undefined if it can, whatever else it breaks. */
export function whyNotCheckable(
  recording: Recording,
  findings: readonly Finding<RuleName>[],
): string | undefined {
  const body = parseBody(recording)
  if (isNoStream(body, findings)) return 'the answer is not a stream'
  const breach = findings.find(({ rule }) => BREAKING_RULES.includes(rule))
  if (breach !== undefined) return `the stream is broken (${breach.rule})`
  return body.events.some(({ data }) => data && !data.startsWith('[DONE]'))
    ? undefined
    : 'the stream has no content'
}

/** Whether it is not a stream, neither by its content type nor by its content. */
function isNoStream({ events }: RecordedBody, findings: readonly Finding<RuleName>[]): boolean {
  return (
    findings.some(({ rule }) => rule === 'content-type') &&
    !events.some(({ data }) => data !== undefined)
  )
}
