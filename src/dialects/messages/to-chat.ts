/** Translates a Messages request to a chat request. */

import { isObject } from '../../util/object.ts'
import { type ChatRequest, parseChatRequest } from '../../wire/chat/request.ts'
import type { CountRequest, MessagesRequest } from '../../wire/messages/request.ts'
import { OmittedTypes } from '../tools/omitted-types.ts'
import { isUnsupported, refuseUnsupportedFields } from '../unsupported-fields.ts'
import { toChatMessages } from './chat-messages.ts'
import { toolFields } from './tools.ts'

/**
 * Fields that are translated, that other servers do not have, or that affect only cost or speed. All
 * other fields are passed on, because local servers have fields of their own.
 */
const TRANSLATED = new Set([
  'cache_control',
  'diagnostics',
  'inference_geo',
  'max_tokens',
  'mcp_servers',
  'messages',
  'metadata',
  'model',
  'n',
  'output_config',
  'output_format',
  'service_tier',
  'speed',
  'stop_sequences',
  'stream',
  'stream_options',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_p',
  'user_profile_id',
])

/** Chat fields that are left out of a second try if a server refuses them. */
export const OPTIONAL_FIELDS = [
  'chat_template_kwargs',
  'reasoning_effort',
  'thinking_budget_tokens',
  'thinking_token_budget',
]

/** Throws an `ApiError` (400) for what a chat request can't express. */
export function toChatRequest(request: MessagesRequest, omitted = new OmittedTypes()): ChatRequest {
  const { stream, temperature, top_p, metadata, service_tier, stop_sequences } = request
  const chat: ChatRequest = {
    ...sharedFields(request, omitted),
    max_tokens: request.max_tokens,
    ...(stream && { stream, stream_options: { include_usage: true } }),
    ...(isGiven(temperature) && { temperature }),
    ...(isGiven(top_p) && { top_p }),
    ...(stop_sequences?.length && { stop: stop_sequences }),
    ...(fitsUserField(metadata?.user_id) && { user: metadata?.user_id }),
    ...(service_tier === 'standard_only' && { service_tier: 'default' }),
  }
  return parseChatRequest(chat)
}

/** The same for a request to count tokens. */
export function toTokenCountChat(request: CountRequest): ChatRequest {
  return parseChatRequest(sharedFields(request, new OmittedTypes()))
}

function sharedFields(request: CountRequest, omitted: OmittedTypes): ChatRequest {
  refuseUnsupported(request, omitted)
  const { model, tool_choice: choice, output_config, output_format } = request
  const schema = output_config?.format?.schema ?? output_format?.schema
  const known = Object.entries(request).filter(
    ([name]) => !TRANSLATED.has(name) && !isUnsupported(name, 'chat'),
  )
  return {
    ...Object.fromEntries(known),
    ...(isGiven(model) && { model }),
    messages: toChatMessages(request, omitted),
    ...toolFields(request, omitted),
    ...(choice?.disable_parallel_tool_use && { parallel_tool_calls: false }),
    ...(schema && {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema, strict: true },
      },
    }),
    ...thinkingFields(request),
  }
}

function refuseUnsupported(request: CountRequest, omitted: OmittedTypes): void {
  const { mcp_servers: servers } = request
  // Only a provider's servers connect to MCP servers.
  if (Array.isArray(servers) && servers.length > 0) omitted.add('mcp_servers')
  refuseUnsupportedFields(request, 'chat')
}

/** Whether and how much to think, in the fields of llama-server, vLLM, SGLang and Ollama. */
function thinkingFields(request: CountRequest): Record<string, unknown> {
  const { thinking, output_config, chat_template_kwargs: own } = request
  const { effort } = output_config ?? {}
  const template = (enable_thinking: boolean) => ({ ...(isObject(own) && own), enable_thinking })
  if (!thinking) return effort ? { reasoning_effort: effort } : {}
  if (thinking.type === 'disabled') {
    return { chat_template_kwargs: template(false), reasoning_effort: 'none' }
  }
  const { budget_tokens: budget } = thinking
  return {
    chat_template_kwargs: template(true),
    ...(effort && { reasoning_effort: effort }),
    ...(isGiven(budget) && {
      thinking_budget_tokens: budget,
      thinking_token_budget: budget,
    }),
  }
}

/** OpenAI allows 64 characters; Claude Code's id of account, device and session is longer. */
function fitsUserField(id: string | null | undefined): boolean {
  return isGiven(id) && id !== '' && id.length <= 64
}

function isGiven<T>(value: T): value is NonNullable<T> {
  return value !== undefined && value !== null
}
