/** Anthropic's Messages API. */

import type { ChatRequest } from '../../wire/chat/request.ts'
import { type MessagesRequest, parseMessagesRequest } from '../../wire/messages/request.ts'
import type { NativeCall } from '../../wire/native.ts'
import type { Dialect, TranslatedRequest } from '../dialect.ts'
import { OmittedTypes } from '../tools/omitted-types.ts'
import { type AnswerContext, toMessage } from './answer.ts'
import { messagesEncoder } from './encoder.ts'
import { nativeCall } from './native.ts'
import { OPTIONAL_FIELDS, toChatRequest } from './to-chat.ts'

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
