/** What an API is to a check: how it is asked, and what its answers must be. */
import type { Recording } from '../../recording/recording.ts'
import type { ParsedEvent } from '../checks/framing.ts'
import type { Findings } from '../findings.ts'
import type { DialectName } from '../rules/rule.ts'

export type Fields = Record<string, unknown>

export interface Prompt {
  model: string | undefined
  text: string
  /** Tokens that the answer may have; the server's own limit where it is left out. */
  limit?: number
  stream?: boolean
  /** Whether a stream is to bring its usage, where that is a matter of asking. */
  usage?: boolean
  /** A function that has to be called. */
  tool?: ToolDefinition
  /** The JSON Schema that the answer has to fit. */
  schema?: Fields
}

export interface ToolDefinition {
  name: string
  description: string
  /** A JSON Schema. */
  parameters: Fields
}

/** A call as its parts make it. */
export interface CollectedCall {
  id: unknown
  name: unknown
  arguments: string
  /** Another call's parts came under its index. */
  isMixed?: boolean
}

/** What a stream said, put together as a client does. */
export interface CollectedAnswer {
  text: string
  calls: CollectedCall[]
  /** Why it ended, in the API's own word. */
  finishReason: unknown
}

export interface Dialect {
  name: DialectName
  /** Where it is asked, below an API's root. */
  path: string
  /** Headers it has beside those of every request. */
  headersFor(key: string | undefined): Record<string, string>
  body(prompt: Prompt): Fields
  /** What replaces the prompt in a request with a field of the wrong type. */
  invalidFields: Fields
  /** Whether usage has to be asked for. */
  asksUsage: boolean
  /** Whether a call, or JSON of a given form, can be asked for. */
  hasTools: boolean
  /** Its streams: the form of their events, and the order in which they come. */
  checkStream(recording: Recording, said: readonly ParsedEvent[], findings: Findings): void
  /** What is wrong with an answer without a stream; undefined where nothing is. */
  problemInAnswer(answer: Fields): string | undefined
  isErrorBody(answer: Fields): boolean
  collect(said: readonly Fields[]): CollectedAnswer
  /** Why an answer ends that calls a tool, and one that was cut at its limit. */
  finishReasons: { call: string; limit: string }
  /** Whether an event brings something to read, or a part of a call. */
  hasOutput(event: Fields): boolean
  /** The tokens of the answer, where an event counts them. */
  tokenCount(event: Fields): number | undefined
}
