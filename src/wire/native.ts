/** A request in an API that an upstream may speak itself, beside chat. */

import type { Usage } from './chat/answer.ts'
import type { ChatRequest } from './chat/request.ts'
import type { ContractOptions, StreamContract } from './contract/chat.ts'
import type { EngineErrors } from './errors/engine-errors.ts'

/** An API besides chat in which an upstream may be asked: Anthropic's messages, OpenAI's responses. */
export type NativeApi = 'messages' | 'responses'

/** All of them. */
export const nativeApis: readonly NativeApi[] = ['messages', 'responses']

/** The request as the client sent it, checked; and what its answer is held to. */
export interface NativeCall {
  api: NativeApi
  /** Where it is below the API's root: `/messages`. */
  path: string
  body: { model?: string | null; stream?: boolean | null; [field: string]: unknown }
  /** The client's headers that belong to the request. */
  headers: Record<string, string>
  /** What a stream is held to; its chunks are events, each with a `type`. */
  contract(options: ContractOptions): StreamContract<{ type: string }>
  /** Judges a whole answer, and repairs it in place. Throws an `ApiError`. */
  judge(value: unknown, errors: EngineErrors): NativeAnswer
}

/** What a whole answer says for the log, and what was repaired in it. */
export interface NativeAnswer {
  model: string
  usage: Usage | undefined
  repaired: string[]
  /** Whether it was changed for another reason than to repair it. */
  isChanged?: boolean
}

/** A prompt whose tokens are to be counted. */
export interface CountedPrompt {
  native: Pick<NativeCall, 'path' | 'body' | 'headers'>
  /** The same as a chat. Throws an `ApiError` (400) for what a chat can't say. */
  chat(): ChatRequest
}
