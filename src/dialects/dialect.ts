import type { StreamEncoder } from '../stream/response.ts'
import type { ChatCompletion, ChatRequest } from '../wire/chat.ts'

/** An API that asks for a chat, and is told the answer, in words of its own. */
export interface Dialect {
  /** Reads a request. Throws an `ApiError` (400) that names the field. */
  read(body: unknown, requestId: string): Conversation
}

/** One request of such an API, and how it is answered. */
export interface Conversation {
  /** What an engine is asked; `stream` says how the client wants the answer. */
  chat: ChatRequest
  /** How a stream is told. */
  encoder(): StreamEncoder
  /** The JSON value that tells a whole answer. */
  whole(completion: ChatCompletion): unknown
}
