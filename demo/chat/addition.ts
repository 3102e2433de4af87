/** What events add to an answer. */
import type { ToolCallDelta } from '../../src/wire/chat/answer.ts'
import type { Call, Said } from '../state.ts'

export interface Addition {
  /** Milliseconds since the request. */
  at: number
  text: string
  reasoning: string
  calls: readonly ToolCallDelta[]
}

/** The message with what events add, and when its reasoning began. */
export function added(
  before: Said,
  additions: readonly Addition[],
  since: number | undefined,
): { said: Said; thinkingSince: number | undefined } {
  let thinkingSince = since
  let { content, reasoning = '', thought, calls } = before
  for (const { at, text, reasoning: thoughts, calls: deltas } of additions) {
    const isFirstWord = content === '' && calls === undefined && (text !== '' || deltas.length > 0)
    if (thoughts !== '') thinkingSince ??= at
    // Up to the first word: a model may think for a while without saying what.
    if (thinkingSince !== undefined && (thoughts !== '' || isFirstWord)) {
      thought = Math.max(thought ?? 0, at - thinkingSince)
    }
    content += text
    reasoning += thoughts
    if (deltas.length > 0) calls = withDeltas(calls ?? [], deltas)
  }
  const said = {
    ...before,
    content,
    ...(reasoning !== '' && { reasoning }),
    ...(thought !== undefined && { thought }),
    ...(calls !== undefined && { calls }),
  }
  return { said, thinkingSince }
}

function withDeltas(before: readonly Call[], deltas: readonly ToolCallDelta[]): Call[] {
  const calls = [...before]
  for (const { index, id, function: named, custom } of deltas) {
    const at = index ?? calls.length
    const call = calls[at] ?? { id: '', name: '', arguments: '' }
    calls[at] = {
      id: id ?? call.id,
      name: call.name + (named?.name ?? custom?.name ?? ''),
      arguments: call.arguments + (named?.arguments ?? custom?.input ?? ''),
    }
  }
  return calls.map((call, at) => call ?? { id: `call_${at}`, name: '', arguments: '' })
}
