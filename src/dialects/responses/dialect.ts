/** OpenAI's Responses API: its requests as chats, its responses and events from a chat's chunks. */
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

/** What a chat's fields are called here. */
const FIELD_NAMES = {
  logprobs: 'include',
  max_tokens: 'max_output_tokens',
  messages: 'input',
  reasoning_effort: 'reasoning.effort',
  response_format: 'text.format',
  verbosity: 'text.verbosity',
}

/** What a request's answer is told of, and to whom. */
export interface AnswerHooks {
  /** What the engine counted, asked for when it has said all. */
  usage: () => Usage | undefined
  /** Told of the response before its first event goes out, and before its last one does. */
  onChange: ((response: ResponseObject) => void) | undefined
}

/** One request, and how its stream is told: by one encoder, whichever engine answers. */
export interface TranslatedResponsesRequest extends TranslatedRequest {
  encoder(): ResponseEncoder
}

/**
 * Reads a request that was checked; `items` are its conversation's, `id` is its response's. Throws an
 * `ApiError` (400) that names what is asked of no engine. Its chat holds `maxTools` tools at most.
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
    // What runs in the background is told by this side: its events are kept.
    ...(!request.background && { native: nativeCall(request, items, encoder) }),
    omittedTypes: () => tools?.omittedTypes.names ?? [],
    fieldNames: FIELD_NAMES,
    encoder,
    // Another answer is asked for where one turns out to be of no use, and begins anew.
    answer: (completion) => newEncoder().answer(completion),
  }
}
