/** A Responses request as a chat request. */
import { type ChatRequest, parseChatRequest, type Tool } from '../../wire/chat.ts'
import { badRequest } from '../../wire/errors.ts'
import type { ResponsesRequest, ResponseTool } from '../../wire/responses.ts'
import { isUnserved, refuseUnserved } from '../unserved.ts'
import { type Placed, toMessages } from './messages.ts'

/** What the conversation so far and the request's own input ask of an engine. Throws an `ApiError` (400). */
export function toChat(request: ResponsesRequest, items: readonly Placed[]): ChatRequest {
  refuseUnserved(request, 'chat')
  const { instructions, model, max_output_tokens, parallel_tool_calls, stream } = request
  const system = { role: 'system' as const, content: instructions as string }
  const messages = toMessages(items)
  return parseChatRequest({
    ...ownFields(request),
    ...(model != null && { model }),
    messages: instructions ? [system, ...messages] : messages,
    // The newer name is passed over in silence by Ollama and LM Studio: the answer had no limit.
    ...(max_output_tokens != null && { max_tokens: max_output_tokens }),
    ...(parallel_tool_calls != null && { parallel_tool_calls }),
    ...toolsOf(request),
    ...formatOf(request),
    ...logprobsOf(request),
    ...(request.reasoning?.effort != null && { reasoning_effort: request.reasoning.effort }),
    ...(stream != null && { stream }),
  })
}

/** Fields of this API that a chat has no place for, or another. */
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

/** Fields that both APIs have, and a server's own. */
function ownFields(request: ResponsesRequest): Record<string, unknown> {
  const own = Object.entries(request).filter(([field, value]) => {
    return value !== null && !TRANSLATED.has(field) && !isUnserved(field, 'chat')
  })
  return Object.fromEntries(own)
}

/** Only the tools that may be called are offered: that holds for an engine that knows no such choice. */
function toolsOf(request: ResponsesRequest): { tools?: Tool[]; tool_choice?: unknown } {
  const tools = request.tools ?? []
  const other = tools.findIndex(({ type }) => type !== 'function')
  if (other !== -1) throw notRun(tools[other] as ResponseTool, `tools[${other}].type`)
  const choice = request.tool_choice
  if (choice == null || typeof choice === 'string') {
    return offered(tools, choice ?? undefined)
  }
  if (choice.type === 'function') {
    requireOffered(tools, choice.name, 'tool_choice.name')
    return offered(tools, { type: 'function', function: { name: choice.name } })
  }
  if (choice.type !== 'allowed_tools') throw notRun(choice, 'tool_choice.type')
  const allowed = (choice.tools ?? []).map(({ type, name }, at) => {
    if (type !== 'function') throw notRun({ type }, `tool_choice.tools[${at}].type`)
    requireOffered(tools, name, `tool_choice.tools[${at}].name`)
    return name
  })
  return offered(
    tools.filter(({ name }) => allowed.includes(name)),
    choice.mode,
  )
}

function offered(tools: ResponseTool[], tool_choice: unknown) {
  return {
    ...(tools.length > 0 && { tools: tools.map(toTool) }),
    ...(tool_choice !== undefined && { tool_choice }),
  }
}

function toTool({ name, description, parameters, strict }: ResponseTool): Tool {
  const definition = {
    name,
    ...(description != null && { description }),
    ...(parameters != null && { parameters }),
    ...(strict != null && { strict }),
  }
  return { type: 'function', function: definition }
}

function requireOffered(tools: ResponseTool[], name: string | undefined, field: string): void {
  if (tools.some((tool) => tool.name === name)) return
  const came = JSON.stringify(name?.slice(0, 80) ?? null)
  throw badRequest(`${field}: expected the name of one of the tools, got ${came}.`, field)
}

function notRun({ type }: { type: string }, field: string) {
  const came = JSON.stringify(type.slice(0, 40))
  const message = `${field}: expected "function", got ${came}: sluice runs no tools, it passes calls on to you.`
  return badRequest(message, field)
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
