import { cut } from '../../util/safe/cut.ts'
import type { FinishReason } from '../chat/request.ts'

/**
 * How a `[DONE]` without a finish reason is handled. `required`: as a failure. `optional`: as `stop`, or
 * `tool_calls` if calls came. `learn`: as `optional` after some content, until the server has sent a
 * finish reason for that model; from then on as a failure.
 */
export type FinishReasonSetting = 'learn' | 'required' | 'optional'

/** How an answer without a finish reason is handled. */
export interface FinishRule {
  readonly missing: 'failure' | 'stop-after-content' | 'stop'
  /** Called when the server has sent a finish reason. */
  sent(): void
}

/** Whether a choice may end without a finish reason. */
export function canEndWithoutReason(rule: FinishRule | undefined, hasContent: boolean): boolean {
  const missing = rule?.missing ?? 'failure'
  return missing === 'stop' || (missing === 'stop-after-content' && hasContent)
}

/** The meaning of a received `finish_reason`. */
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

/** Undefined if the choice goes on, so that the field is null or missing. */
export function readFinishReason(value: unknown): FinishReasonMeaning | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string' && Object.hasOwn(REASONS, value)) return REASONS[value]
  return { kind: 'unknown', shown: cut(JSON.stringify(value), 40) }
}
