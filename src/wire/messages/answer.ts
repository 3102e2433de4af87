/**
 * The answers of the Messages API: messages, and the events of a stream. Source: the types of its SDK
 * (@anthropic-ai/sdk 1.12.0).
 */
import type { Usage } from '../chat/answer.ts'
import { isTokenCount } from '../usage.ts'

export const STOP_REASONS = [
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
] as const
export type StopReason = (typeof STOP_REASONS)[number]

/** Token counts; tokens read from or written to a cache are not included in `input_tokens`. */
export interface MessageUsage {
  input_tokens: number | null
  output_tokens: number
  cache_creation_input_tokens: number | null
  cache_read_input_tokens: number | null
  output_tokens_details: { thinking_tokens: number } | null
  server_tool_use: null
}

/** Why a message ended; null until it has. */
export interface Stop {
  stop_reason: StopReason | null
  stop_sequence: string | null
  stop_details: { type: 'refusal'; category: null; explanation: null } | null
}

export interface Message extends Stop {
  id: string
  type: 'message'
  role: 'assistant'
  model: string
  content: object[]
  container: null
  usage: MessageUsage
}

/** One event of a stream. */
export interface MessageEvent {
  type: string
  [field: string]: unknown
}

export const NOT_STOPPED: Stop = { stop_reason: null, stop_sequence: null, stop_details: null }

/** Converts a chat's token counts; unknown counts are null, or 0 if the API does not allow null. */
export function toMessageUsage(usage: Usage | null | undefined): MessageUsage {
  const read = count(usage?.prompt_tokens_details?.cached_tokens)
  const written = count(usage?.prompt_tokens_details?.cache_write_tokens)
  const thought = count(usage?.completion_tokens_details?.reasoning_tokens)
  const prompt = count(usage?.prompt_tokens)
  return {
    input_tokens: prompt === null ? null : Math.max(0, prompt - (read ?? 0) - (written ?? 0)),
    output_tokens: count(usage?.completion_tokens) ?? 0,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens_details: thought === null ? null : { thinking_tokens: thought },
    server_tool_use: null,
  }
}

/** Converts token counts to a chat's; undefined if prompt or answer were not counted. */
export function fromMessageUsage(usage: Record<string, unknown>): Usage | undefined {
  const input = count(usage.input_tokens)
  const completion_tokens = count(usage.output_tokens)
  if (input === null || completion_tokens === null) return undefined
  const read = count(usage.cache_read_input_tokens) ?? 0
  const prompt_tokens = input + read + (count(usage.cache_creation_input_tokens) ?? 0)
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}

function count(value: unknown): number | null {
  return isTokenCount(value) ? value : null
}
