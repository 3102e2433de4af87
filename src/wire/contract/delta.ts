import { isObject } from '../../util/object.ts'
import type { ChunkDelta } from '../chat/request.ts'

/**
 * The content of a delta. `speaks`: it has text or calls, which may not follow a finish reason.
 * `progresses`: it has anything besides a role, fields of the server's own included. `wrong` completes
 * "sent …".
 */
export type DeltaContent = { speaks: boolean; progresses: boolean } | { wrong: string }

const NOTHING = { speaks: false, progresses: false }
const PROGRESS = { speaks: false, progresses: true }
const CONTENT = { speaks: true, progresses: true }

export function classifyDelta(delta: ChunkDelta): DeltaContent {
  let kind: DeltaContent = NOTHING
  for (const field in delta) {
    const value = delta[field]
    if (field === 'role' || value === null || value === undefined || value === '') continue
    const found = classifyField(field, value)
    if ('wrong' in found) return found
    if (found.speaks || kind === NOTHING) kind = found
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
      return { wrong: `a delta whose ${field} is not a string` }
    case 'tool_calls':
      if (!Array.isArray(value) || !value.every(isObject)) {
        return { wrong: 'tool_calls that are not an array of objects' }
      }
      return value.length > 0 ? CONTENT : NOTHING
    case 'function_call':
      return isObject(value) ? CONTENT : NOTHING
    default:
      return Array.isArray(value) && value.length === 0 ? NOTHING : PROGRESS
  }
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
