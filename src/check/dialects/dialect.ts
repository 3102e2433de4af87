/** What an API is to a check: how it is asked, and what its answers must be. */
import type { Recording } from '../../recording/recording.ts'
import type { SaidEvent } from '../checks/framing.ts'
import type { Findings } from '../findings.ts'
import type { DialectName } from '../rules/rule.ts'

export type JsonFields = Record<string, unknown>

export interface Prompt {
  model: string | undefined
  text: string
  /** Tokens that the answer may have; the server's own limit where it is left out. */
  limit?: number
  stream?: boolean
  /** Whether a stream is to bring its usage, where that is a matter of asking. */
  usage?: boolean
  /** A function that has to be called. */
  tool?: ToolOffer
  /** The JSON Schema that the answer has to fit. */
  schema?: JsonFields
}

export interface ToolOffer {
  name: string
  description: string
  /** A JSON Schema. */
  parameters: JsonFields
}

/** A call as its parts make it. */
export interface ToldCall {
  id: unknown
  name: unknown
  arguments: string
  /** Another call's parts came under its index. */
  isMixed?: boolean
}

/** What a stream said, put together as a client does. */
export interface Told {
  text: string
  calls: ToldCall[]
  /** Why it ended, in the API's own word. */
  finish: unknown
}

export interface CheckedApi {
  name: DialectName
  /** Where it is asked, below an API's root. */
  path: string
  /** Headers it has beside those of every request. */
  headersFor(key: string | undefined): Record<string, string>
  body(prompt: Prompt): JsonFields
  /** What replaces the prompt in a request with a field of the wrong type. */
  wrong: JsonFields
  /** Whether usage has to be asked for. */
  asksUsage: boolean
  /** Whether a call, or JSON of a given form, can be asked for. */
  hasTools: boolean
  /** Its streams: the form of their events, and the order in which they come. */
  judge(recording: Recording, said: readonly SaidEvent[], findings: Findings): void
  /** What is wrong with an answer without a stream; undefined where nothing is. */
  faultOfWhole(answer: JsonFields): string | undefined
  isRefusal(answer: JsonFields): boolean
  told(said: readonly JsonFields[]): Told
  /** Why an answer ends that calls a tool, and one that was cut at its limit. */
  ends: { call: string; limit: string }
  /** Whether an event brings something to read, or a part of a call. */
  speaks(event: JsonFields): boolean
  /** The tokens of the answer, where an event counts them. */
  countIn(event: JsonFields): number | undefined
}
