import type { FinishReason } from '../chat/request.ts'

/**
 * How a `[DONE]` without a finish reason is judged. `required`: a failure. `optional`: `stop`, or
 * `tool_calls` if calls came. `learn`: the same after some content, until the server has sent a finish
 * reason for that model; from then on a failure.
 */
export type FinishReasonSetting = 'learn' | 'required' | 'optional'

/** How an answer is judged that is whole but for its finish reason. */
export interface FinishRule {
  readonly missing: 'failure' | 'stop-after-content' | 'stop'
  /** The server has sent a finish reason. */
  sent(): void
}

/** Whether a choice may end without a finish reason. */
export function canEndWithoutReason(rule: FinishRule | undefined, hasContent: boolean): boolean {
  const missing = rule?.missing ?? 'failure'
  return missing === 'stop' || (missing === 'stop-after-content' && hasContent)
}

/** What a `finish_reason` on the wire means. */
export type FinishReasonMeaning =
  | { kind: 'reason'; reason: FinishReason | null }
  | { kind: 'abort' }
  | { kind: 'error' }
  | { kind: 'unknown'; shown: string }

const REASONS: Record<string, FinishReasonMeaning> = {
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
export function readFinishReason(value: unknown): FinishReasonMeaning | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string' && Object.hasOwn(REASONS, value)) return REASONS[value]
  return { kind: 'unknown', shown: JSON.stringify(value).slice(0, 40) }
}
