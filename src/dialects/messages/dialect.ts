/** Anthropic's Messages API. */
import type { ChatRequest } from '../../wire/chat/request.ts'
import { judgeMessage, MessagesContract } from '../../wire/contract/messages.ts'
import {
  type CountRequest,
  type MessagesRequest,
  parseCountRequest,
  parseMessagesRequest,
} from '../../wire/messages/request.ts'
import type { CountedPrompt, NativeCall } from '../../wire/native.ts'
import type { Conversation, Dialect } from '../dialect.ts'
import { Omitted } from '../tools/omitted-types.ts'
import { withoutUnserved } from '../unsupported-fields.ts'
import { type AskedMessage, toMessage } from './answer.ts'
import { messagesEncoder } from './encoder.ts'
import { toChatRequest, toCountedChat, WISHES } from './to-chat.ts'

/** A client's headers that an engine that speaks the API may want to see. */
const HEADERS = ['anthropic-version', 'anthropic-beta']

/** What a chat's fields are called here. */
const NAMES = {
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
    return conversation(request, requestId, native)
  },
}

function conversation(
  request: MessagesRequest,
  requestId: string,
  native: NativeCall,
): Conversation {
  let chat: ChatRequest | undefined
  const asked = askedOf(request, requestId)
  const omitted = new Omitted()
  return {
    get chat() {
      chat ??= toChatRequest(request, omitted)
      return chat
    },
    omitted: () => omitted.types,
    prompt: [request.system, request.messages, request.tools],
    optionalFields: WISHES,
    names: NAMES,
    native,
    encoder: () => messagesEncoder(asked, requestId),
    whole: (completion) => toMessage(completion, asked),
  }
}

function askedOf({ model, stop_sequences }: MessagesRequest, requestId: string): AskedMessage {
  const id = requestId.replaceAll('-', '')
  let calls = 0
  return {
    id: `msg_${id}`,
    model: model ?? '',
    stops: stop_sequences ?? [],
    newCallId: () => `toolu_${id}_${calls++}`,
  }
}

/** A request to count a prompt's tokens. Throws an `ApiError` (400) that names the field. */
export function countedPrompt(body: unknown, headers: Headers, url?: string): CountedPrompt {
  const request: CountRequest = parseCountRequest(body)
  return {
    native: {
      path: `/messages/count_tokens${queryOf(url)}`,
      body: { ...request },
      headers: versionHeaders(headers),
    },
    chat: () => toCountedChat(request),
  }
}

function nativeCall(request: MessagesRequest, headers: Headers, url?: string): NativeCall {
  return {
    api: 'messages',
    path: `/messages${queryOf(url)}`,
    body: { ...withoutUnserved(request) },
    headers: versionHeaders(headers),
    contract: (options) => new MessagesContract(options, request.model ?? ''),
    judge: judgeMessage,
  }
}

/** What says which version of the API a client speaks. */
function versionHeaders(headers: Headers): Record<string, string> {
  const given = HEADERS.map((name) => [name, headers.get(name)] as const)
  return {
    'anthropic-version': '2023-06-01',
    ...Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== null)),
  }
}

/** The query of the client's URL, such as `?beta=true`, encoded anew so that it holds nothing else. */
function queryOf(url: string | undefined): string {
  const query = url === undefined ? '' : new URL(url).searchParams.toString()
  return query === '' ? '' : `?${query}`
}
