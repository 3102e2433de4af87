import { isObject } from '../../util/object.ts'
import type { Usage } from '../../wire/chat/request.ts'
import type {
  ResponseObject,
  ResponsesRequest,
  ResponseTool,
  ResponseUsage,
} from '../../wire/responses/request.ts'
import { isTokenCount } from '../../wire/usage.ts'

/**
 * A response without output. It repeats the fields of the request; fields that the request leaves out
 * have the API's default, or null. Open Responses requires numbers for the four sampling fields, a
 * service tier, and every field of a function.
 */
export function newResponse(
  request: ResponsesRequest,
  id: string,
  status: 'queued' | 'in_progress',
): ResponseObject {
  return {
    id,
    object: 'response',
    created_at: seconds(),
    completed_at: null,
    status,
    background: request.background ?? false,
    error: null,
    frequency_penalty: penalty(request.frequency_penalty),
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    metadata: request.metadata ?? {},
    model: request.model ?? '',
    output: [],
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id ?? null,
    presence_penalty: penalty(request.presence_penalty),
    prompt_cache_key: request.prompt_cache_key ?? null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: summaryOf(request) ?? null },
    safety_identifier: request.safety_identifier ?? null,
    // The requested tier is not necessarily the one that is used.
    service_tier: 'default',
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: { ...request.text, format: request.text?.format ?? { type: 'text' } },
    tool_choice: request.tool_choice ?? 'auto',
    tools: (request.tools ?? []).map(toTool),
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? 'disabled',
    usage: null,
    ...(request.user != null && { user: request.user }),
  }
}

/** Not a field of this API, so a client may send any type. */
function penalty(asked: unknown): number {
  return typeof asked === 'number' ? asked : 0
}

function toTool(tool: ResponseTool): ResponseTool {
  if (tool.type !== 'function') return tool
  return {
    ...tool,
    description: tool.description ?? null,
    parameters: tool.parameters ?? null,
    strict: tool.strict ?? null,
  }
}

/** The requested reasoning summary, by its current or its older name. */
export function summaryOf({ reasoning }: ResponsesRequest): string | undefined {
  return reasoning?.summary ?? reasoning?.generate_summary ?? undefined
}

export function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** The engine's token counts; null if there are none. */
export function toUsage(usage: Usage | undefined): ResponseUsage | null {
  if (usage === undefined) return null
  const input = count(usage.prompt_tokens)
  const output = count(usage.completion_tokens)
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: detail(usage.prompt_tokens_details, 'cached_tokens'),
      cache_write_tokens: detail(usage.prompt_tokens_details, 'cache_write_tokens'),
    },
    output_tokens: output,
    output_tokens_details: {
      reasoning_tokens: detail(usage.completion_tokens_details, 'reasoning_tokens'),
    },
    total_tokens: count(usage.total_tokens) || input + output,
  }
}

function detail(details: unknown, field: string): number {
  return isObject(details) ? count(details[field]) : 0
}

function count(value: unknown): number {
  return isTokenCount(value) ? value : 0
}
