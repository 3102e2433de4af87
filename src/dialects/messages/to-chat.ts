/** A Messages request as a chat request. */
import { type ChatRequest, parseChatRequest, type Tool } from '../../wire/chat.ts'
import { badRequest } from '../../wire/errors.ts'
import type { CountRequest, MessagesRequest, MessagesTool } from '../../wire/messages.ts'
import { isObject } from '../../wire/object.ts'
import { toChatMessages } from './turns.ts'

/**
 * Fields that are told in other words, mean nothing to other servers, or change nothing but cost or
 * speed. All others are passed on: local servers have their own.
 */
const OWN = new Set([
  'cache_control',
  'container',
  'context_management',
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

/** Fields of the chat that a server need not know: it is asked again without them. */
export const WISHES = [
  'chat_template_kwargs',
  'reasoning_effort',
  'thinking_budget_tokens',
  'thinking_token_budget',
]

/** Throws an `ApiError` (400) for what a chat can't say. */
export function toChatRequest(request: MessagesRequest): ChatRequest {
  const { stream, temperature, top_p, metadata, service_tier, stop_sequences } = request
  const chat: ChatRequest = {
    ...sharedFields(request),
    max_tokens: request.max_tokens,
    ...(stream && { stream, stream_options: { include_usage: true } }),
    ...(isGiven(temperature) && { temperature }),
    ...(isGiven(top_p) && { top_p }),
    ...(stop_sequences?.length && { stop: stop_sequences }),
    ...(metadata?.user_id && { user: metadata.user_id }),
    ...(service_tier === 'standard_only' && { service_tier: 'default' }),
  }
  return parseChatRequest(chat)
}

/** The same for a prompt that is only counted. */
export function toCountedChat(request: CountRequest): ChatRequest {
  return parseChatRequest(sharedFields(request))
}

function sharedFields(request: CountRequest): ChatRequest {
  refuseUnable(request)
  const { model, tools, tool_choice: choice, output_config, output_format } = request
  const schema = output_config?.format?.schema ?? output_format?.schema
  const known = Object.entries(request).filter(([name]) => !OWN.has(name))
  return {
    ...Object.fromEntries(known),
    ...(isGiven(model) && { model }),
    messages: toChatMessages(request),
    ...(tools && { tools: tools.map(toTool) }),
    ...(choice && { tool_choice: choiceOf(choice) }),
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

function refuseUnable(request: CountRequest): void {
  const { mcp_servers: servers, container } = request
  if (Array.isArray(servers) && servers.length > 0) {
    throw badRequest(
      'mcp_servers: expected none, as no MCP servers are asked from here.',
      'mcp_servers',
    )
  }
  if (isGiven(container)) {
    throw badRequest('container: expected none, as no code is run here.', 'container')
  }
}

function toTool(tool: MessagesTool, index: number): Tool {
  const { type, name, description, input_schema: parameters, strict } = tool
  if (type && type !== 'custom') {
    const at = `tools[${index}].type`
    const message = `${at}: expected "custom", got ${JSON.stringify(type.slice(0, 60))}: tools that Anthropic defines or runs itself are not known here.`
    throw badRequest(message, at)
  }
  return {
    type: 'function',
    function: {
      name,
      ...(isGiven(description) && { description }),
      parameters,
      ...(isGiven(strict) && { strict }),
    },
  }
}

function choiceOf({ type, name }: NonNullable<CountRequest['tool_choice']>): unknown {
  if (type === 'tool') return { type: 'function', function: { name } }
  return type === 'any' ? 'required' : type
}

/** Whether to think, and how much, in the words of llama-server, vLLM, SGLang and Ollama. */
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

function isGiven<T>(value: T): value is NonNullable<T> {
  return value !== undefined && value !== null
}
