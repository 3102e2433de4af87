import type { FinishReason } from '../../wire/chat/answer.ts'
import type { ChatChunk, ChunkChoice, ToolCallDelta } from '../../wire/chat/request.ts'
import { newCallId } from '../../wire/contract/tool-calls.ts'
import type { MlcChunk } from './mlc-types.ts'

/**
 * Turns web-llm's chunks into ours, in order. Where tools were offered web-llm streams the JSON of
 * the calls as text first and gives it again, parsed, with the finish: the text is held back until
 * it is known which of the two it is.
 */
export function chunkReader(holdsText: boolean): (chunk: MlcChunk) => ChatChunk[] {
  let held = ''
  return (chunk) => {
    const { id, created, model, usage } = chunk
    const envelope = {
      id: `chatcmpl-${id}`,
      object: 'chat.completion.chunk' as const,
      created,
      model,
    }
    const choices = chunk.choices.map((choice): ChunkChoice => {
      const { index, delta, logprobs } = choice
      const reason = choice.finish_reason as FinishReason | null
      if (!holdsText) {
        const { role, content } = delta
        const said = { ...(role && { role }), ...(content !== undefined && { content }) }
        return { index, delta: said, finish_reason: reason, ...logprobsOf(logprobs) }
      }
      held += delta.content ?? ''
      const calls = reason === 'tool_calls' ? (delta.tool_calls ?? []) : []
      if (reason === null) return { index, delta: { role: 'assistant' }, finish_reason: null }
      const last = calls.length > 0 ? { tool_calls: calls.map(withId) } : { content: held }
      return {
        index,
        delta: { role: 'assistant', ...last },
        finish_reason: reasonOf(reason, calls),
      }
    })
    return [{ ...envelope, choices, ...(usage && { usage }) }]
  }
}

function logprobsOf(logprobs: unknown): { logprobs?: never } {
  return logprobs ? { logprobs: logprobs as never } : {}
}

/** A model that was offered tools and called none has only stopped. */
function reasonOf(reason: FinishReason, calls: unknown[]): FinishReason {
  return reason === 'tool_calls' && calls.length === 0 ? 'stop' : reason
}

/** web-llm gives a streamed call no id, and a client needs one to answer it. */
function withId(call: unknown): ToolCallDelta {
  return { id: newCallId(), ...(call as ToolCallDelta) }
}
