import type { StreamEncoder } from '../stream/sse-response.ts'
import type { ChatCompletion, ChatRequest } from '../wire/chat/request.ts'
import type { NativeCall } from '../wire/native.ts'
import type { FieldNames } from './field-names.ts'

/**
 * An API whose requests are translated to chat requests, and whose answers are translated back. Chat and
 * text completions have only an encoder: their requests reach the engines as they are.
 */
export interface Dialect {
  /** Reads a request. Throws an `ApiError` (400) that names the field. */
  read(body: unknown, requestId: string, headers: Headers, url?: string): TranslatedRequest
}

/** One request of such an API, and the translation of its answer. */
export interface TranslatedRequest {
  /**
   * The chat request. Reading it may throw an `ApiError` (400) if there is a `native` request that a
   * chat can't express.
   */
  readonly chat: ChatRequest
  /** Chat fields that are left out of a second try if an engine refuses them. */
  optionalFields?: readonly string[]
  /** The client's names of chat fields, where they differ. */
  fieldNames?: FieldNames
  /** The types of tools, items and blocks that are left out of the chat request. */
  omittedTypes?: () => readonly string[]
  /** The request for an engine that has the API itself. */
  native?: NativeCall
  /**
   * Writes the stream. Of a stream that is forwarded it writes only heartbeats, a missing end, and the
   * error if the stream fails.
   */
  encoder(): StreamEncoder
  /** The answer to a request without streaming, as a JSON value. */
  answer(completion: ChatCompletion): unknown
}
