import type { FinishReason } from '../../wire/chat/answer.ts'
import type { ChatChunk, ChunkChoice, ToolCallDelta } from '../../wire/chat/request.ts'
import { newCallId } from '../../wire/contract/tool-calls.ts'
import type { MlcChunk } from './mlc-types.ts'

/**
 * Converts web-llm's chunks to chat chunks, in order. Where tools were offered, web-llm first
 * streams the JSON of a call as text, and sends it again, parsed, with the finish reason:
 * `withholdsText` withholds the text until the finish reason shows whether it was a call.
 */
export function chunkReader(withholdsText: boolean): (chunk: MlcChunk) => ChatChunk[] {
  let withheld = ''
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
      if (!withholdsText) {
        const { role, content } = delta
        const fields = { ...(role && { role }), ...(content !== undefined && { content }) }
        return { index, delta: fields, finish_reason: reason, ...logprobsOf(logprobs) }
      }
      withheld += delta.content ?? ''
      const calls = reason === 'tool_calls' ? (delta.tool_calls ?? []) : []
      if (reason === null) return { index, delta: { role: 'assistant' }, finish_reason: null }
      const last = calls.length > 0 ? { tool_calls: calls.map(withId) } : { content: withheld }
      return {
        index,
        delta: { role: 'assistant', ...last },
        finish_reason: finishReasonOf(reason, calls),
      }
    })
    return [{ ...envelope, choices, ...(usage && { usage }) }]
  }
}

function logprobsOf(logprobs: unknown): { logprobs?: never } {
  return logprobs ? { logprobs: logprobs as never } : {}
}

/** web-llm may report `tool_calls` without any call, which is a `stop`. */
function finishReasonOf(reason: FinishReason, calls: unknown[]): FinishReason {
  return reason === 'tool_calls' && calls.length === 0 ? 'stop' : reason
}

/** Adds an id, which web-llm omits and a client needs to return the call's result. */
function withId(call: unknown): ToolCallDelta {
  return { id: newCallId(), ...(call as ToolCallDelta) }
}
