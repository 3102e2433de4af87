/** The forms in which a text completion reaches its dialect. */
import { promptsOf, type TextChunk, type TextRequest } from '../wire/completions/request.ts'
import { TextContract } from '../wire/contract/completions.ts'
import { type AnswerStream, type ChunkStream, enforceContract } from './chat-stream.ts'

/** The answer to a text completion request. */
export type TextStream = AnswerStream<TextContract>

/**
 * Checks the chunks of an engine that runs here against its request. `label`: the engine's name.
 */
export function enforceTextContract(
  batches: AsyncIterator<TextChunk[], void, void>,
  request: TextRequest,
  label: string,
): ChunkStream<TextContract> {
  const { stream, stream_options } = request
  const usage = stream ? Boolean(stream_options?.include_usage) : true
  const own = { source: 'engine', label, usageRequested: true, usage } as const
  return enforceContract(batches, new TextContract({ ...own, ...answerCounts(request) }))
}

/** How many prompts a request has, and how many choices it asks for in total. */
export function answerCounts(request: TextRequest): { prompts: number; choices: number } {
  const prompts = promptsOf(request).length
  return { prompts, choices: prompts * (request.n ?? 1) }
}
