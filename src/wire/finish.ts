import type { FinishReason } from './chat.ts'

/** What a `finish_reason` on the wire means. */
export type ReasonVerdict =
  | { kind: 'reason'; reason: FinishReason | null }
  | { kind: 'abort' }
  | { kind: 'error' }
  | { kind: 'unknown'; shown: string }

const REASONS: Record<string, ReasonVerdict> = {
  '': { kind: 'reason', reason: null },
  stop: { kind: 'reason', reason: 'stop' },
  eos: { kind: 'reason', reason: 'stop' },
  end_turn: { kind: 'reason', reason: 'stop' },
  length: { kind: 'reason', reason: 'length' },
  max_tokens: { kind: 'reason', reason: 'length' },
  tool_calls: { kind: 'reason', reason: 'tool_calls' },
  content_filter: { kind: 'reason', reason: 'content_filter' },
  function_call: { kind: 'reason', reason: 'function_call' },
  abort: { kind: 'abort' },
  error: { kind: 'error' },
}

/** Undefined where the choice goes on: the field is null or not there. */
export function finishReason(value: unknown): ReasonVerdict | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string' && Object.hasOwn(REASONS, value)) return REASONS[value]
  return { kind: 'unknown', shown: JSON.stringify(value).slice(0, 40) }
}
