/** Translates a Responses request to a chat request. */
import { type ChatRequest, parseChatRequest } from '../../wire/chat/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type { ResponsesRequest } from '../../wire/responses/request.ts'
import { OmittedTypes } from '../tools/omitted-types.ts'
import { isUnsupported, refuseUnsupportedFields } from '../unsupported-fields.ts'
import { asksForSummary, toChatMessages } from './chat-messages.ts'
import type { LocatedItem } from './located-item.ts'
import { toToolChoice } from './tool-choice.ts'
import type { Toolset } from './tools.ts'

/** The chat request for the conversation so far and the request's input. Throws an `ApiError` (400). */
export function toChatRequest(
  request: ResponsesRequest,
  items: readonly LocatedItem[],
  tools: Toolset,
): ChatRequest {
  refuseUnsupportedFields(request, 'chat')
  const { instructions, model, max_output_tokens, parallel_tool_calls, stream } = request
  const system = { role: 'system' as const, content: instructions as string }
  const messages = toChatMessages(items, tools)
  if (messages.length === 0) throw noMessages(items)
  return parseChatRequest({
    ...ownFields(request),
    ...(model != null && { model }),
    messages: instructions ? [system, ...messages] : messages,
    // Ollama and LM Studio ignore max_completion_tokens, so the answer would have no limit.
    ...(max_output_tokens != null && { max_tokens: max_output_tokens }),
    ...(parallel_tool_calls != null && { parallel_tool_calls }),
    // The tools stay in a request for a summary: they come first in the prompt, which may be cached.
    ...toToolChoice(asksForSummary(items) ? { ...request, tool_choice: 'none' } : request, tools),
    ...formatOf(request),
    ...logprobsOf(request),
    ...(request.reasoning?.effort != null && { reasoning_effort: request.reasoning.effort }),
    ...(stream != null && { stream }),
    // The last event tells it, whoever asks.
    ...(stream && { stream_options: { include_usage: true } }),
  })
}

function noMessages(items: readonly LocatedItem[]) {
  const omitted = new OmittedTypes()
  for (const { item } of items) omitted.add(item.type)
  const came = omitted.names.join(', ')
  const message = `input: expected at least one item that a chat request can hold, got only ${came}; add a message.`
  return badRequest(message, 'input')
}

/** Fields of this API that are translated, or that a chat request does not have. */
const TRANSLATED = new Set([
  'background',
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'parallel_tool_calls',
  'previous_response_id',
  'reasoning',
  'store',
  'stream',
  'stream_options',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
])

/** Fields that both APIs have, and fields of the server's own. */
function ownFields(request: ResponsesRequest): Record<string, unknown> {
  const own = Object.entries(request).filter(([field, value]) => {
    return value !== null && !TRANSLATED.has(field) && !isUnsupported(field, 'chat')
  })
  return Object.fromEntries(own)
}

function formatOf({ text }: ResponsesRequest): Record<string, unknown> {
  const { format, verbosity } = text ?? {}
  const given = verbosity == null ? {} : { verbosity }
  if (format == null) return given
  if (format.type !== 'json_schema') return { ...given, response_format: format }
  const { type, ...json_schema } = format
  return { ...given, response_format: { type, json_schema } }
}

function logprobsOf({ include, top_logprobs }: ResponsesRequest): Record<string, unknown> {
  const isAsked = include?.includes('message.output_text.logprobs') || (top_logprobs ?? 0) > 0
  if (!isAsked) return {}
  return { logprobs: true, ...(top_logprobs != null && { top_logprobs }) }
}
