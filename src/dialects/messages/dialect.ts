/** Anthropic's Messages API. */

import type { ChatRequest } from '../../wire/chat/request.ts'
import { MessagesContract } from '../../wire/contract/messages.ts'
import { checkMessage } from '../../wire/contract/messages-answer.ts'
import {
  type CountRequest,
  type MessagesRequest,
  parseCountRequest,
  parseMessagesRequest,
} from '../../wire/messages/request.ts'
import type { NativeCall, TokenCountCall } from '../../wire/native.ts'
import type { Dialect, TranslatedRequest } from '../dialect.ts'
import { OmittedTypes } from '../tools/omitted-types.ts'
import { withoutUnsupportedFields } from '../unsupported-fields.ts'
import { type AnswerContext, toMessage } from './answer.ts'
import { messagesEncoder } from './encoder.ts'
import { OPTIONAL_FIELDS, toChatRequest, toTokenCountChat } from './to-chat.ts'

/** Client headers that are forwarded to an engine with the same API. */
const VERSION_HEADERS = ['anthropic-version', 'anthropic-beta']

/** The names of chat fields in this API. */
const FIELD_NAMES = {
  messages: 'messages',
  parallel_tool_calls: 'tool_choice.disable_parallel_tool_use',
  reasoning_effort: 'thinking',
  response_format: 'output_config.format',
  stop: 'stop_sequences',
  user: 'metadata.user_id',
}

export const messagesDialect: Dialect = {
  read(body, requestId, headers, url) {
    const request = parseMessagesRequest(body)
    const native = nativeCall(request, headers, url)
    return translate(request, requestId, native)
  },
}

function translate(
  request: MessagesRequest,
  requestId: string,
  native: NativeCall,
): TranslatedRequest {
  let chat: ChatRequest | undefined
  const asked = contextOf(request, requestId)
  const omitted = new OmittedTypes()
  return {
    get chat() {
      chat ??= toChatRequest(request, omitted)
      return chat
    },
    omittedTypes: () => omitted.names,
    prompt: [request.system, request.messages, request.tools],
    optionalFields: OPTIONAL_FIELDS,
    fieldNames: FIELD_NAMES,
    native,
    encoder: () => messagesEncoder(asked, requestId),
    answer: (completion) => toMessage(completion, asked),
  }
}

function contextOf({ model, stop_sequences }: MessagesRequest, requestId: string): AnswerContext {
  const id = requestId.replaceAll('-', '')
  let calls = 0
  return {
    id: `msg_${id}`,
    model: model ?? '',
    stopSequences: stop_sequences ?? [],
    newCallId: () => `toolu_${id}_${calls++}`,
  }
}

/** A request to count a prompt's tokens. Throws an `ApiError` (400) that names the field. */
export function tokenCountCall(body: unknown, headers: Headers, url?: string): TokenCountCall {
  const request: CountRequest = parseCountRequest(body)
  return {
    native: {
      path: `/messages/count_tokens${queryOf(url)}`,
      body: { ...request },
      headers: versionHeaders(headers),
    },
    chat: () => toTokenCountChat(request),
  }
}

function nativeCall(request: MessagesRequest, headers: Headers, url?: string): NativeCall {
  return {
    api: 'messages',
    path: `/messages${queryOf(url)}`,
    body: { ...withoutUnsupportedFields(request) },
    headers: versionHeaders(headers),
    contract: (options) => new MessagesContract(options, request.model ?? ''),
    check: checkMessage,
  }
}

/** The headers that name the client's version of the API. */
function versionHeaders(headers: Headers): Record<string, string> {
  const given = VERSION_HEADERS.map((name) => [name, headers.get(name)] as const)
  return {
    'anthropic-version': '2023-06-01',
    ...Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== null)),
  }
}

/** The query of the client's URL, such as `?beta=true`, encoded again so that it is valid. */
function queryOf(url: string | undefined): string {
  const query = url === undefined ? '' : new URL(url).searchParams.toString()
  return query === '' ? '' : `?${query}`
}
