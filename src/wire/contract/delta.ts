import { isObject } from '../../util/object.ts'
import { utf8Length } from '../../util/utf8-length.ts'
import type { ChunkDelta } from '../chat/request.ts'

/**
 * The content of a delta. `hasContent`: it has text or calls, which may not follow a finish reason.
 * `hasProgress`: it has anything besides a role, fields of the server's own included. `problem` completes
 * "sent …".
 */
export type DeltaContent = { hasContent: boolean; hasProgress: boolean } | { problem: string }

const NOTHING = { hasContent: false, hasProgress: false }
const PROGRESS = { hasContent: false, hasProgress: true }
const CONTENT = { hasContent: true, hasProgress: true }

export function classifyDelta(delta: ChunkDelta): DeltaContent {
  let kind: DeltaContent = NOTHING
  for (const field in delta) {
    const value = delta[field]
    if (field === 'role' || value === null || value === undefined || value === '') continue
    const found = classifyField(field, value)
    if ('problem' in found) return found
    if (found.hasContent || kind === NOTHING) kind = found
  }
  return kind
}

/** `value` is neither null nor an empty string. */
function classifyField(field: string, value: unknown): DeltaContent {
  switch (field) {
    case 'content':
    case 'refusal':
    case 'reasoning':
    case 'reasoning_content':
      if (typeof value === 'string') return CONTENT
      return { problem: `a delta whose ${field} is not a string` }
    case 'tool_calls':
      if (!Array.isArray(value) || !value.every(isObject)) {
        return { problem: 'tool_calls that are not an array of objects' }
      }
      return value.length > 0 ? CONTENT : NOTHING
    case 'function_call':
      return isObject(value) ? CONTENT : NOTHING
    default:
      return Array.isArray(value) && value.length === 0 ? NOTHING : PROGRESS
  }
}

/** The UTF-8 bytes of a delta that a model wrote. */
export function deltaLength(delta: ChunkDelta): number {
  // A server that sends both names of the reasoning sends the same text twice.
  const { content, refusal, reasoning_content, reasoning = reasoning_content } = delta
  let length = lengthOf(content) + lengthOf(refusal) + lengthOf(reasoning)
  length += lengthOf(delta.function_call?.arguments)
  if (isObject(delta.audio)) length += lengthOf(delta.audio.transcript)
  for (const call of delta.tool_calls ?? []) {
    length += lengthOf(call.function?.arguments ?? call.custom?.input)
  }
  return length
}

function lengthOf(text: unknown): number {
  return typeof text === 'string' ? utf8Length(text) : 0
}

/** Renames the reasoning field, in place. Returns whether it had the other name. */
export function renameReasoning(
  message: { reasoning?: unknown; reasoning_content?: unknown },
  name: 'reasoning' | 'reasoning_content' | undefined,
): boolean {
  if (name === undefined) return false
  const other = name === 'reasoning' ? 'reasoning_content' : 'reasoning'
  if (message[other] === undefined) return false
  // A server that sends both sends the same text twice.
  message[name] ??= message[other]
  delete message[other]
  return true
}
