/** What a check needs to know of an API: the form of its requests, answers and streams. */
import type { Recording } from '../../recording/recording.ts'
import type { ParsedEvent } from '../checks/framing.ts'
import type { Findings } from '../findings.ts'
import type { DialectName } from '../rules/rule.ts'

export type JsonFields = Record<string, unknown>

export interface Prompt {
  model: string | undefined
  text: string
  /** The most tokens of the answer; the server's own limit if it is left out. */
  limit?: number
  stream?: boolean
  /** Whether to request usage, in APIs where that is optional. */
  usage?: boolean
  /** A function that the model has to call. */
  tool?: ToolDefinition
  /** The JSON Schema that the answer has to match. */
  schema?: JsonFields
}

export interface ToolDefinition {
  name: string
  description: string
  /** A JSON Schema. */
  parameters: JsonFields
}

/** A tool call, joined from its parts. */
export interface CollectedCall {
  id: unknown
  name: unknown
  arguments: string
  /** Whether parts of another call had the same index, or no index. */
  isMixed?: boolean
}

/** The content of a stream, joined as a client does it. */
export interface CollectedAnswer {
  text: string
  calls: CollectedCall[]
  /** The finish reason, as the API names it. */
  finishReason: unknown
}

export interface CheckedApi {
  name: DialectName
  /** The path of the endpoint below the API's root. */
  path: string
  /** Headers besides those of every request. */
  headersFor(key: string | undefined): Record<string, string>
  body(prompt: Prompt): JsonFields
  /** The fields of a request with a field of the wrong type, in place of the prompt. */
  invalidFields: JsonFields
  /** Whether a stream has usage only on request. */
  asksUsage: boolean
  /** Whether the API has tool calls and structured output. */
  hasTools: boolean
  /** Checks a stream: the form of its events and their order. */
  checkStream(recording: Recording, events: readonly ParsedEvent[], findings: Findings): void
  /** What is wrong with an answer that is not streamed; undefined if nothing is. */
  problemInAnswer(answer: JsonFields): string | undefined
  isErrorBody(answer: JsonFields): boolean
  collect(events: readonly JsonFields[]): CollectedAnswer
  /** The finish reasons of an answer that calls a tool, and of one that the token limit cut off. */
  finishReasons: { call: string; limit: string }
  /** Whether an event has text or a part of a tool call. */
  hasOutput(event: JsonFields): boolean
  /** The token count of the answer, if the event has it. */
  tokenCount(event: JsonFields): number | undefined
}
