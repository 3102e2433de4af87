/** OpenAI's Responses API: translates requests to chat requests, and chunks to events and responses. */
import type { ChatRequest, Usage } from '../../wire/chat/request.ts'
import type { ResponseObject, ResponsesRequest } from '../../wire/responses/request.ts'
import type { TranslatedRequest } from '../dialect.ts'
import { newResponse, summaryOf } from './answer.ts'
import { asksForSummary } from './chat-messages.ts'
import { ResponseEncoder } from './encoder.ts'
import type { LocatedItem } from './located-item.ts'
import { nativeCall } from './native.ts'
import { refuseFields } from './refused-fields.ts'
import { toChatRequest } from './to-chat.ts'
import { Toolset } from './tools.ts'

export type { ResponseEncoder } from './encoder.ts'
export type { LocatedItem as Placed } from './located-item.ts'

/** The names of chat fields in this API. */
const FIELD_NAMES = {
  logprobs: 'include',
  max_tokens: 'max_output_tokens',
  messages: 'input',
  reasoning_effort: 'reasoning.effort',
  response_format: 'text.format',
  verbosity: 'text.verbosity',
}

/** Connects the encoder of an answer with its caller. */
export interface AnswerHooks {
  /** The engine's token counts, read when its answer has ended. */
  usage: () => Usage | undefined
  /** Called with the response before its first event and before its last event are sent. */
  onChange: ((response: ResponseObject) => void) | undefined
}

/** One request; the same encoder writes its stream, whichever engine answers. */
export interface TranslatedResponsesRequest extends TranslatedRequest {
  encoder(): ResponseEncoder
}

/**
 * Translates a checked request. `items` are the items of its conversation, `id` is the id of its
 * response, and the chat request has at most `maxTools` tools. Throws an `ApiError` (400) that names a
 * field that no engine supports.
 */
export function translate(
  request: ResponsesRequest,
  items: readonly LocatedItem[],
  id: string,
  telling: AnswerHooks,
  maxTools: number,
): TranslatedResponsesRequest {
  refuseFields(request)
  let chat: ChatRequest | undefined
  let teller: ResponseEncoder | undefined
  let tools: Toolset | undefined
  const toolset = () => {
    tools ??= new Toolset(request, items, maxTools)
    return tools
  }
  const newEncoder = () => {
    return new ResponseEncoder({
      response: newResponse(request, id, request.background ? 'queued' : 'in_progress'),
      summarizes: summaryOf(request) !== undefined,
      encryptsReasoning: request.include?.includes('reasoning.encrypted_content') ?? false,
      isCompaction: asksForSummary(items),
      declaredAs: (name) => toolset().declaredAs(name),
      ...telling,
    })
  }
  const encoder = () => {
    teller ??= newEncoder()
    return teller
  }
  return {
    get chat() {
      chat ??= toChatRequest(request, items, toolset())
      return chat
    },
    // The events of a background response are stored, so sluice writes them itself.
    ...(!request.background && { native: nativeCall(request, items, encoder) }),
    omittedTypes: () => tools?.omittedTypes.names ?? [],
    fieldNames: FIELD_NAMES,
    encoder,
    // A new encoder for each answer, because a failed one is followed by another.
    answer: (completion) => newEncoder().answer(completion),
  }
}
