/** Checks a recorded answer by itself: what it should have been is read from its request. */
import type { Recording } from '../recording/recording.ts'
import { parseObject } from '../util/object.ts'
import { parseUrl } from '../util/parse-url.ts'
import { checkStream, whyNotCheckable } from './check-stream.ts'
import { checkAnswer, checkErrorShape } from './checks/answers.ts'
import type { CheckedApi } from './dialects/dialect.ts'
import { dialectAt } from './dialects/dialects.ts'
import { Findings } from './findings.ts'
import type { QuestionResult } from './question-result.ts'
import { parseBody } from './recorded-body.ts'
import { type Report, reportOf } from './report.ts'
import type { Section } from './rules/rule.ts'

/** The sections on which one answer decides. */
const DECIDED: readonly Section[] = ['framing', 'arrival', 'schema', 'contract']

/** `name`: what the report calls the recording. */
export function checkRecording(recording: Recording, name: string): Report {
  const { pathname = '' } = parseUrl(recording.request.url) ?? {}
  const dialect = dialectAt(pathname)
  const about = { url: name, model: modelOf(recording) }
  const why = whyUnchecked(recording, dialect, pathname)
  if (dialect === undefined || why !== undefined) {
    return reportOf(about, [], { [dialect?.name ?? 'chat']: why ?? '' })
  }
  const result = resultOf(recording, dialect)
  const report = reportOf(about, [result], {})
  return { ...report, scores: scoresOf(report, result) }
}

function whyUnchecked(
  { response, end }: Recording,
  dialect: CheckedApi | undefined,
  pathname: string,
): string | undefined {
  if (dialect === undefined) return `there are no rules for ${pathname}`
  return response === undefined ? `it has no answer: ${end.why ?? 'none came'}` : undefined
}

function resultOf(recording: Recording, dialect: CheckedApi): QuestionResult {
  const about = { dialect: dialect.name, title: 'the recorded answer', recording }
  const { status = 0 } = recording.response ?? {}
  const isAskedToStream = parseObject(recording.request.body ?? '')?.stream === true
  if (status < 400 && isAskedToStream) {
    const findings = checkStream(recording)
    const notChecked = whyNotCheckable(recording, findings)
    return { ...about, name: 'stream', findings, ...(notChecked && { notChecked }) }
  }
  const findings = new Findings(dialect.name, parseBody(recording))
  if (status >= 400) checkErrorShape(recording, dialect, findings)
  else checkAnswer(recording, dialect, findings)
  return { ...about, name: 'whole', findings: findings.all }
}

/** Of a stream what it decides on, else only what is broken. */
function scoresOf({ scores }: Report, { name }: QuestionResult): Report['scores'] {
  return scores.filter(({ section, broken }) => {
    return broken > 0 || (name === 'stream' && DECIDED.includes(section))
  })
}

function modelOf({ request }: Recording): string | undefined {
  const model = parseObject(request.body ?? '')?.model
  return typeof model === 'string' ? model : undefined
}
