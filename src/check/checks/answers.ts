import type { Recording } from '../../recording/recording.ts'
import { answeringModel } from '../../recording/replay-server.ts'
import { parseObject } from '../../util/object.ts'
import type { CheckedApi, JsonFields } from '../dialects/dialect.ts'
import type { Findings } from '../findings.ts'
import type { RuleName } from '../rules/rules.ts'
import { messageOf } from './ending.ts'

/** An answer that is not streamed. */
export function judgeWhole(recording: Recording, dialect: CheckedApi, findings: Findings): void {
  const { response } = recording
  const type = headerOf(recording, 'content-type') ?? 'no type'
  const add = (seen: string) => findings.add('whole-shape', seen, 0)
  if (response?.status !== 200) {
    add(`status ${response?.status ?? 'none'}`)
    return
  }
  if (!/^application\/json/i.test(type)) {
    add(type)
    return
  }
  const answer = jsonOf(recording)
  const fault =
    answer === undefined ? 'a body that is no JSON object' : dialect.faultOfWhole(answer)
  if (fault !== undefined) add(fault)
}

/** What a request that is wrong must be answered with. */
export function judgeRefusal(
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
  if (status < 400) return
  const answer = jsonOf(recording)
  const isRight = answer !== undefined && dialect.isRefusal(answer)
  if (!isRight) findings.add('error-shape', `${status}: ${textOf(recording).slice(0, 60)}`, 0)
}

/** An answer in another model's name than `asked` is honest of that. */
export function judgeModel(
  recording: Recording,
  dialect: CheckedApi,
  findings: Findings,
  asked: string,
): void {
  const told = recording.response?.status === 200 ? answeringModel(recording) : undefined
  if (told !== undefined && told !== asked) return
  judgeRefusal(recording, dialect, findings, 'error-model', [400, 404])
}

/** A preflight as a browser sends it, and the answer to the request it was for. */
export function judgeCors(preflight: Recording, answer: Recording, findings: Findings): void {
  const status = preflight.response?.status ?? 0
  if (status === 401) findings.add('cors-preflight', 'status 401')
  const isAllowed = status < 300 && headerOf(preflight, 'access-control-allow-origin') !== undefined
  if (!isAllowed || headerOf(answer, 'access-control-allow-origin') !== undefined) return
  findings.add('cors-answer', 'no access-control-allow-origin')
}

/** Milliseconds that a server may take longer to a first byte without being busy. */
const PATIENCE = 1_000

/** Whether the answer behind one that was left came as soon as one usually does. */
export function judgeCancel(usual: Recording, next: Recording, findings: Findings): void {
  const [before, after] = [usual.packets[0]?.at, next.packets[0]?.at]
  if (before === undefined || after === undefined) return
  if (after <= before * 3 + PATIENCE) return
  const seen = `the next answer began after ${Math.round(after)} ms, usually ${Math.round(before)} ms`
  findings.add('cancel-ignored', seen)
}

/** Why an answer can't be judged, in the server's own words; undefined where it can. */
export function whyRefused(recording: Recording, least = 400): string | undefined {
  const { response, end } = recording
  if (response === undefined) return end.why ?? 'nobody answered'
  if (response.status < least) return undefined
  const error = jsonOf(recording)?.error
  const text = error === undefined ? textOf(recording).slice(0, 200) : messageOf(error)
  return `it answered ${response.status}: ${text}`
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
