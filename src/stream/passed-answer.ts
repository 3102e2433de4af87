/** Answers of APIs that sluice forwards without knowing them. */
import type { Usage } from '../wire/chat/request.ts'
import type { AnswerCounts } from './answer.ts'
import type { WholeAnswer } from './chat-stream.ts'

type Bytes = Uint8Array<ArrayBuffer>

/**
 * How a streamed answer is divided: into server-sent events, into lines of JSON, or not at all, as sound
 * and text are. It decides how a client learns that the answer broke off.
 */
export type PassedForm = 'events' | 'lines' | 'bytes'

/** The status and headers of the server's answer, as the client gets them. */
interface Passed {
  status: number
  headers: Record<string, string>
}

/** A JSON answer, or one without a body, whose `json` is empty. */
export type PassedWhole = Passed & WholeAnswer

/** An answer that is sent on while it comes. */
export interface PassedStream extends Passed {
  kind: 'passed'
  form: PassedForm
  contract: AnswerCounts
  /**
   * The next whole events, whole lines or bytes; undefined at the end. Rejects with the `ApiError` that
   * ends the answer early.
   */
  next(): Promise<Bytes[] | undefined>
}

export type PassedAnswer = PassedWhole | PassedStream

/** What was counted of such an answer so far. */
export class PassedCounts implements AnswerCounts {
  tokens = 0
  textLength = 0
  countsText = false
  usage: Usage | undefined
  readonly repaired = new Set<string>()
}
