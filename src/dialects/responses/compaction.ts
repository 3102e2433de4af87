/**
 * `POST /v1/responses/compact`: a conversation in fewer tokens. An engine that has the API answers
 * itself; of any other the model is asked for a summary, as for an item `compaction_trigger`.
 */

import type { ChatCompletion, ChatMessage, ChatRequest } from '../../wire/chat/request.ts'
import { ResponsesContract } from '../../wire/contract/responses.ts'
import { isItem } from '../../wire/contract/responses-answer.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { EngineErrors } from '../../wire/errors/engine-errors.ts'
import type { NativeAnswer, NativeCall } from '../../wire/native.ts'
import { fromResponseUsage } from '../../wire/responses/answer.ts'
import type {
  ResponseItem,
  ResponseObject,
  ResponsesRequest,
} from '../../wire/responses/request.ts'
import { repairResponseUsage } from '../../wire/usage.ts'
import type { TranslatedRequest } from '../dialect.ts'
import { isUnsupported } from '../unsupported-fields.ts'
import { asksForSummary } from './chat-messages.ts'
import { type AnswerHooks, translate } from './dialect.ts'
import type { LocatedItem } from './located-item.ts'
import { nativeInput } from './native.ts'

/** Fields of other routes: they say how an answer is sent and stored. */
const OTHER_FIELDS = ['previous_response_id', 'background', 'store', 'stream', 'stream_options']

/** A request to compact a conversation, as it is sent to engines. */
export interface CompactionRequest {
  /** For an engine that has the API. */
  native: TranslatedRequest
  /** For any other: a chat that ends with the request for a summary, and asks for text alone. */
  summary: TranslatedRequest
}

/**
 * Translates a checked request, of whose conversation `items` are all items, and `id` is the id of the
 * answer. Throws an `ApiError` (400) that names a field that no engine supports.
 */
export function translateCompaction(
  request: ResponsesRequest,
  items: readonly LocatedItem[],
  id: string,
  usage: AnswerHooks['usage'],
  maxTools: number,
): CompactionRequest {
  const conversation = asksForSummary(items) ? items.slice(0, -1) : items
  const trigger = { item: { type: 'compaction_trigger' } as unknown as ResponseItem, at: 'input' }
  const asked = { ...request, stream: false, background: false }
  const hooks = { usage, onChange: undefined }
  const translated = translate(asked, [...conversation, trigger], id, hooks, maxTools)
  const { omittedTypes, fieldNames, encoder } = translated
  const shared = {
    ...(omittedTypes && { omittedTypes }),
    ...(fieldNames && { fieldNames }),
    encoder,
    answer: (completion: ChatCompletion) =>
      toCompaction(translated.answer(completion) as ResponseObject, conversation),
  }
  // Read only where it is needed: a chat may be unable to express what an upstream understands.
  const chat = { get: () => toSummaryChat(translated.chat) }
  const withChat = (fields: Omit<TranslatedRequest, 'chat'>) =>
    Object.defineProperty(fields, 'chat', chat) as TranslatedRequest
  const native = nativeCompaction(request, conversation)
  return {
    native: withChat({ ...shared, native }),
    summary: withChat({ ...shared }),
  }
}

/**
 * A chat whose answer is text, whatever the conversation's own answers have to be, and in which every call
 * has a result: a template may refuse a call that is followed by the request for the summary.
 */
function toSummaryChat(chat: ChatRequest): ChatRequest {
  const kept = Object.entries(chat).filter(([field]) => !ANSWER_FIELDS.has(field))
  const results = new Set(chat.messages.map(({ tool_call_id }) => tool_call_id))
  const messages = chat.messages.flatMap((message) => {
    const ids = (message.tool_calls ?? []).map(({ id = '' }) => id)
    return [message, ...ids.filter((id) => !results.has(id)).map(toPendingResult)]
  })
  return { ...Object.fromEntries(kept), messages }
}

/** What a chat says of the form of its answer. */
const ANSWER_FIELDS: ReadonlySet<string> = new Set([
  ...['tools', 'tool_choice', 'parallel_tool_calls'],
  ...['response_format', 'logprobs', 'top_logprobs'],
])

function toPendingResult(id: string): ChatMessage {
  return { role: 'tool', tool_call_id: id, content: 'There is no result yet.' }
}

/** The whole conversation, since the upstream stores nothing of it. */
function nativeCompaction(
  request: ResponsesRequest,
  conversation: readonly LocatedItem[],
): NativeCall {
  const fields = Object.entries(request).filter(([field]) => {
    return !OTHER_FIELDS.includes(field) && !isUnsupported(field, 'all')
  })
  return {
    api: 'responses',
    path: '/responses/compact',
    body: { ...Object.fromEntries(fields), input: nativeInput(conversation) },
    headers: {},
    // Never used: the answer is not streamed.
    contract: (options) => new ResponsesContract(options, () => true),
    check: checkCompaction,
  }
}

/** Throws an `ApiError` (502) for an answer that is not a compacted conversation. */
function checkCompaction(value: unknown, errors: EngineErrors): NativeAnswer {
  const { object, output, usage } = (value ?? {}) as Record<string, unknown>
  const isCompaction =
    object === 'response.compaction' && Array.isArray(output) && output.every(isItem)
  if (!isCompaction) throw errors.invalid('sent an answer that is not a compacted response')
  const repaired = repairResponseUsage(value as Record<string, unknown>) ? ['usage'] : []
  return { model: '', usage: fromResponseUsage(usage), repaired }
}

/**
 * OpenAI's answer: what the user, system and developer said, and an item that stands for all else. Throws an `ApiError` (502)
 * for a summary that was cut, since the answer has no field that would say so.
 */
function toCompaction(
  { id, created_at, status, output, usage }: ResponseObject,
  conversation: readonly LocatedItem[],
) {
  const summary = (output as { type: string }[]).find(({ type }) => type === 'compaction')
  if (status !== 'completed' || summary === undefined) {
    const message =
      'The model did not complete the summary of the conversation: its answer was cut short; allow longer answers, or name another model.'
    throw new ApiError(502, message, { code: 'compaction_incomplete' })
  }
  const asked = conversation.map(({ item }) => item).filter(isInstruction)
  return { id, object: 'response.compaction', created_at, output: [...asked, summary], usage }
}

/** What the model has to follow, which a summary could blur. */
function isInstruction(item: ResponseItem): boolean {
  return item.type === 'message' && item.role !== 'assistant'
}
