import type { Recording } from '../../recording/recording.ts'
import { answeringModel } from '../../recording/replay-server.ts'
import { parseObject } from '../../util/object.ts'
import type { CheckedApi, JsonFields } from '../dialects/dialect.ts'
import type { Findings } from '../findings.ts'
import type { RuleName } from '../rules/rules.ts'
import { messageOf } from './ending.ts'

/** Checks an answer that is not streamed. */
export function checkAnswer(recording: Recording, dialect: CheckedApi, findings: Findings): void {
  const { response } = recording
  const type = headerOf(recording, 'content-type') ?? 'no content-type'
  const add = (seen: string) => findings.add('whole-shape', seen, 0)
  if (response?.status !== 200) {
    add(response === undefined ? 'no response' : `status ${response.status}`)
    return
  }
  if (!/^application\/json/i.test(type)) {
    add(type)
    return
  }
  const answer = jsonOf(recording)
  const fault =
    answer === undefined ? 'a body that is not a JSON object' : dialect.problemInAnswer(answer)
  if (fault !== undefined) add(fault)
}

/** Checks the answer to an invalid request. */
export function checkError(
  recording: Recording,
  dialect: CheckedApi,
  findings: Findings,
  rule: RuleName,
  statuses: readonly number[],
): void {
  const status = recording.response?.status
  if (status === undefined) {
    findings.add(rule, recording.end.why ?? 'no answer')
    return
  }
  if (!statuses.includes(status)) findings.add(rule, `status ${status}`, 0)
  if (status >= 400) checkErrorShape(recording, dialect, findings)
}

/** Checks the body of an answer that is an error. */
export function checkErrorShape(
  recording: Recording,
  dialect: CheckedApi,
  findings: Findings,
): void {
  const { status = 0 } = recording.response ?? {}
  const answer = jsonOf(recording)
  const isRight = answer !== undefined && dialect.isErrorBody(answer)
  if (!isRight) findings.add('error-shape', `${status}: ${textOf(recording).slice(0, 60)}`, 0)
}

/** An answer that names another model than `asked` is correct too: it says which model it is of. */
export function checkUnknownModel(
  recording: Recording,
  dialect: CheckedApi,
  findings: Findings,
  asked: string,
): void {
  const told = recording.response?.status === 200 ? answeringModel(recording) : undefined
  if (told !== undefined && told !== asked) return
  checkError(recording, dialect, findings, 'error-model', [400, 404])
}

/** Checks a preflight as a browser sends it, and the answer to the request that follows it. */
export function checkCors(preflight: Recording, answer: Recording, findings: Findings): void {
  const status = preflight.response?.status ?? 0
  if (status === 401) findings.add('cors-preflight', 'status 401')
  const isAllowed = status < 300 && headerOf(preflight, 'access-control-allow-origin') !== undefined
  if (!isAllowed || headerOf(answer, 'access-control-allow-origin') !== undefined) return
  findings.add('cors-answer', 'no access-control-allow-origin header')
}

/** Milliseconds by which a first byte may be late before the server counts as busy. */
const BUSY_AFTER = 1_000

/** Checks that the answer after an abandoned one started as soon as usual. */
export function checkCancel(usual: Recording, next: Recording, findings: Findings): void {
  const [before, after] = [usual.packets[0]?.at, next.packets[0]?.at]
  if (before === undefined || after === undefined) return
  if (after <= before * 3 + BUSY_AFTER) return
  const seen = `the next answer started after ${Math.round(after)} ms instead of ${Math.round(before)} ms`
  findings.add('cancel-ignored', seen)
}

/** Why an answer can't be checked, with the server's message; undefined if it can. */
export function whyRefused(recording: Recording, least = 400): string | undefined {
  const { response, end } = recording
  if (response === undefined) return end.why ?? 'the server did not respond'
  if (response.status < least) return undefined
  const error = jsonOf(recording)?.error
  const text = error === undefined ? textOf(recording).slice(0, 200) : messageOf(error)
  return `it answered with status ${response.status}: ${text}`
}

function headerOf({ response }: Recording, name: string): string | undefined {
  return response?.headers.find(([each]) => each.toLowerCase() === name)?.[1]
}

function jsonOf(recording: Recording): JsonFields | undefined {
  return parseObject(textOf(recording))
}

function textOf({ packets }: Recording): string {
  const decoder = new TextDecoder()
  return packets.map(({ bytes }) => decoder.decode(bytes, { stream: true })).join('')
}
