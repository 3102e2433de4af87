import type { ChunkDelta } from './chat.ts'
import { isObject } from './object.ts'

/**
 * What a delta brings. It speaks where it has content that no finish may precede, and progresses
 * where it has anything but a role, a server's own fields included.
 */
export type DeltaKind = { speaks: boolean; progresses: boolean } | { wrong: string }

const TEXTS = ['content', 'refusal', 'reasoning', 'reasoning_content'] as const

/** `wrong` completes "sent …". */
export function deltaKind(delta: ChunkDelta): DeltaKind {
  let speaks = isObject(delta.function_call)
  for (const field of TEXTS) {
    const text = delta[field]
    if (typeof text === 'string') speaks ||= text !== ''
    else if (text !== undefined && text !== null) {
      return { wrong: `a delta whose ${field} is not a string` }
    }
  }
  const calls = delta.tool_calls as unknown
  if (calls === undefined || calls === null) return { speaks, progresses: progresses(delta) }
  if (!Array.isArray(calls) || !calls.every(isObject)) {
    return { wrong: 'tool_calls that are not an array of objects' }
  }
  return { speaks: speaks || calls.length > 0, progresses: progresses(delta) }
}

function progresses(delta: ChunkDelta): boolean {
  for (const [field, value] of Object.entries(delta)) {
    const isEmpty = value === null || value === undefined || value === ''
    if (field !== 'role' && !isEmpty && !(Array.isArray(value) && value.length === 0)) return true
  }
  return false
}

/** Gives reasoning one name, in place. Returns whether it had another. */
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
