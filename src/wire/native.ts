/** Requests for upstreams that have an API besides chat. */

import type { Usage } from './chat/answer.ts'
import type { ChatRequest } from './chat/request.ts'
import type { ContractOptions, StreamContract } from './contract/chat.ts'
import type { EngineErrors } from './errors/engine-errors.ts'

/**
 * An API besides chat in which an upstream may be asked: Anthropic's messages, OpenAI's responses, and
 * Ollama's chats and prompts.
 */
export type NativeApi = 'messages' | 'responses' | 'ollama'

/** All of them. */
export const nativeApis: readonly NativeApi[] = ['messages', 'responses', 'ollama']

/** A checked request as the client sent it, and the contract for its answer. */
export interface NativeCall {
  api: NativeApi
  /** The path below the API's root: `/messages`; one beside it begins with `..`. */
  path: string
  /** The form of a stream: named events by default, or JSON lines. */
  form?: 'events' | 'lines'
  body: { model?: string | null; stream?: boolean | null; [field: string]: unknown }
  /** Client headers that are forwarded. */
  headers: Record<string, string>
  /** Creates the contract of a stream. The chunks of named events have a `type`. */
  contract(options: ContractOptions): StreamContract<unknown>
  /** Checks an answer that was not streamed, and repairs it in place. Throws an `ApiError`. */
  check(value: unknown, errors: EngineErrors): NativeAnswer
}

/** Model, usage and repairs of an answer that was not streamed. */
export interface NativeAnswer {
  model: string
  usage: Usage | undefined
  repaired: string[]
  /** Whether it was changed for another reason than a repair. */
  isChanged?: boolean
}

/** A request to count the tokens of a prompt. */
export interface TokenCountCall {
  native: Pick<NativeCall, 'api' | 'path' | 'body' | 'headers'>
  /** The prompt as a chat request. Throws an `ApiError` (400) for what a chat can't express. */
  chat(): ChatRequest
}
