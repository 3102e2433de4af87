import { newResponse } from '../../../../src/dialects/responses/answer.ts'
import { ResponseEncoder } from '../../../../src/dialects/responses/encoder.ts'
import type {
  ChatChunk,
  ChunkDelta,
  FinishReason,
  Usage,
} from '../../../../src/wire/chat/request.ts'
import type { ResponsesRequest } from '../../../../src/wire/responses/request.ts'
import { type ResponsesRead, readResponses } from '../../../support/responses.ts'

const usage: Usage = {
  prompt_tokens: 7,
  completion_tokens: 5,
  total_tokens: 12,
  prompt_tokens_details: { cached_tokens: 3 },
  completion_tokens_details: { reasoning_tokens: 2 },
}

export function encoderOf(
  request: ResponsesRequest = {},
  status: 'queued' | 'in_progress' = 'in_progress',
) {
  const response = newResponse({ model: 'm', input: 'Go.', ...request }, 'resp_1', status)
  const summarizes = request.reasoning?.summary != null
  const encryptsReasoning = request.include?.includes('reasoning.encrypted_content') ?? false
  return new ResponseEncoder({ response, summarizes, encryptsReasoning, usage: () => usage })
}

export function chunkOf(
  delta: ChunkDelta,
  finish_reason: FinishReason | null = null,
  logprobs?: object,
): ChatChunk {
  const choice = { index: 0, delta, finish_reason, ...(logprobs && { logprobs: { ...logprobs } }) }
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice] }
}

/** The stream that tells these chunks. */
export function tell(chunks: ChatChunk[], encoder = encoderOf()): ResponsesRead {
  const text = chunks.map((chunk) => encoder.chunks([chunk])).join('')
  return readResponses(text + encoder.done())
}

export function typesOf({ events }: ResponsesRead): string[] {
  return events.map(({ type }) => type.replace('response.', ''))
}
