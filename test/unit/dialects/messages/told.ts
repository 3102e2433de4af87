import { messagesDialect } from '../../../../src/dialects/messages/dialect.ts'
import type {
  ChatChunk,
  ChunkDelta,
  FinishReason,
  Usage,
} from '../../../../src/wire/chat/request.ts'
import { readMessages } from '../../../support/message-stream.ts'

const request = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Go.' }] }

export const conversation = (more: object = {}) =>
  messagesDialect.read({ ...request, ...more }, 'abcd-1234', new Headers())

export const envelope = {
  id: 'c1',
  object: 'chat.completion.chunk' as const,
  created: 1,
  model: 'org/m',
}

export function says(
  delta: ChunkDelta,
  finish_reason: FinishReason | null = null,
  more = {},
): ChatChunk {
  return { ...envelope, choices: [{ index: 0, delta, finish_reason, ...more }] }
}

export function counts(usage: object): ChatChunk {
  return { ...envelope, choices: [], usage: usage as Usage }
}

/** What a client reads of chunks that came in these batches. */
export function tell(batches: ChatChunk[][], more: object = {}) {
  const encoder = conversation(more).encoder()
  return readMessages(batches.map((batch) => encoder.chunks(batch)).join('') + encoder.done())
}

export function call(
  index: number,
  args: string | undefined,
  named: { id?: string; name?: string } = {},
) {
  const { id, name } = named
  const called = { ...(name && { name }), ...(args !== undefined && { arguments: args }) }
  return { index, ...(id && { id, type: 'function' }), function: called }
}
