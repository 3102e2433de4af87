import type { ChatStream } from '../stream/chat-stream.ts'
import type { ChatRequest } from '../wire/chat.ts'

/** One entry of `GET /v1/models`. */
export interface Model {
  id: string
  object: 'model'
  /** Unix time in seconds. */
  created: number
  owned_by: string
  [field: string]: unknown
}

/** Where tokens come from. */
export interface Engine {
  /** How people know it, in logs and messages: `static`, `ollama`. Never an address. */
  readonly label: string
  /** What it can serve now. Rejects with an `ApiError` when it can't be asked. */
  models(signal: AbortSignal): Promise<Model[]>
  /**
   * Resolves once the engine has answered; rejects with an `ApiError`. With `stream: true` the
   * answer is never whole. Aborting the signal stops the work at its source.
   */
  chat(request: ChatRequest, signal: AbortSignal): Promise<ChatStream>
}
