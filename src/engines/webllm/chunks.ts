import type { FinishReason } from '../../wire/chat/answer.ts'
import type { ChatChunk, ChunkChoice, ToolCallDelta } from '../../wire/chat/request.ts'
import { newCallId } from '../../wire/contract/tool-calls.ts'
import type { MlcChunk } from './mlc-types.ts'
import type { CallReader, WrittenCall } from './tools/call-reader.ts'

/** Converts web-llm's chunks to chat chunks, in order. `calls` finds calls of tools in the text. */
export function chunkReader(calls?: CallReader): (chunk: MlcChunk) => ChatChunk[] {
  return (chunk) => {
    const { id, created, model, usage } = chunk
    const envelope = {
      id: `chatcmpl-${id}`,
      object: 'chat.completion.chunk' as const,
      created,
      model,
    }
    const choices = chunk.choices.map((choice) =>
      calls ? withCalls(choice, calls) : toChoice(choice),
    )
    return [{ ...envelope, choices, ...(usage && { usage }) }]
  }
}

type MlcChoice = MlcChunk['choices'][number]

function toChoice({ index, delta, finish_reason, logprobs }: MlcChoice): ChunkChoice {
  const { role, content } = delta
  const fields = { ...(role && { role }), ...(content !== undefined && { content }) }
  const reason = finish_reason as FinishReason | null
  return { index, delta: fields, finish_reason: reason, ...logprobsOf(logprobs) }
}

function withCalls(
  { index, delta, finish_reason, logprobs }: MlcChoice,
  reader: CallReader,
): ChunkChoice {
  const before = reader.count
  const { content: found, calls } = reader.add(delta.content ?? '')
  const content = finish_reason === null ? found : found + reader.flush()
  const reason = finish_reason as FinishReason | null
  return {
    index,
    delta: {
      role: 'assistant',
      ...(content !== '' && { content }),
      ...(calls.length > 0 && { tool_calls: calls.map((call, at) => toDelta(call, before + at)) }),
    },
    finish_reason: reason === 'stop' && reader.count > 0 ? 'tool_calls' : reason,
    ...logprobsOf(logprobs),
  }
}

function logprobsOf(logprobs: unknown): { logprobs?: never } {
  return logprobs ? { logprobs: logprobs as never } : {}
}

/** A whole call; its id is what a client returns the result by. */
function toDelta({ name, arguments: args }: WrittenCall, index: number): ToolCallDelta {
  return { index, id: newCallId(), type: 'function', function: { name, arguments: args } }
}
