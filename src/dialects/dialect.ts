import type { StreamEncoder } from '../stream/sse-response.ts'
import type { ChatCompletion, ChatRequest } from '../wire/chat/request.ts'
import type { NativeCall } from '../wire/native.ts'
import type { FieldNames } from './field-names.ts'

/** An API that asks for a chat, and is told the answer, in words of its own. */
export interface Dialect {
  /** Reads a request. Throws an `ApiError` (400) that names the field. */
  read(body: unknown, requestId: string, headers: Headers, url?: string): TranslatedRequest
}

/** One request of such an API, and how it is answered. */
export interface TranslatedRequest {
  /**
   * What an engine is asked; `stream` says how the client wants the answer. Reading it may throw an
   * `ApiError` (400), where there is a `native` request that says what a chat can't.
   */
  readonly chat: ChatRequest
  /** What its prompt's tokens are guessed from; the chat's messages by default. */
  prompt?: unknown
  /** Fields of the chat that an engine need not know: one that refuses it is asked without them. */
  optionalFields?: readonly string[]
  /** What the client calls the chat's fields, where that is not the same. */
  fieldNames?: FieldNames
  /** The types of tools, items and blocks that the chat request leaves out. */
  omittedTypes?: () => readonly string[]
  /** The request for an engine that speaks the API itself. */
  native?: NativeCall
  /**
   * How a stream is told. What is forwarded is told already: of such a stream it only writes pings,
   * what ends it where it was not ended, and its failure.
   */
  encoder(): StreamEncoder
  /** The JSON value that tells a whole answer. */
  answer(completion: ChatCompletion): unknown
}
