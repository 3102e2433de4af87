/** OpenAI's Responses API: its requests as chats, its responses and events from a chat's chunks. */
import type { ChatRequest, Usage } from '../wire/chat.ts'
import type { ResponseObject, ResponsesRequest } from '../wire/responses.ts'
import { ResponseEncoder } from './responses/encoder.ts'
import type { Placed } from './responses/messages.ts'
import { newResponse, summaryOf } from './responses/response-object.ts'
import { toChat } from './responses/to-chat.ts'

export type { ResponseEncoder } from './responses/encoder.ts'
export type { Placed } from './responses/messages.ts'

/** One request, and how it is answered. */
export interface ResponsesConversation {
  /** What an engine is asked; `stream` says how the client wants the answer. */
  chat: ChatRequest
  /**
   * How the answer is told. `usage` is what the engine counted, asked for when it has said all;
   * `onChange` is told of the response before its first event goes out, and before its last one.
   */
  encoder(
    usage: () => Usage | undefined,
    onChange: ((response: ResponseObject) => void) | undefined,
  ): ResponseEncoder
}

/**
 * Reads a request that was checked; `items` are its conversation's, `id` is its response's. Throws an
 * `ApiError` (400) that names what a chat can't do.
 */
export function readConversation(
  request: ResponsesRequest,
  items: readonly Placed[],
  id: string,
): ResponsesConversation {
  return {
    chat: toChat(request, items),
    encoder: (usage, onChange) =>
      new ResponseEncoder({
        response: newResponse(request, id, request.background ? 'queued' : 'in_progress'),
        summarizes: summaryOf(request) !== undefined,
        carries: request.include?.includes('reasoning.encrypted_content') ?? false,
        usage,
        onChange,
      }),
  }
}
