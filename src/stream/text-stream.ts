/** Text completions, in the forms in which they travel to a dialect. */
import { promptsOf, type TextChunk, type TextRequest } from '../wire/completions/request.ts'
import { TextContract } from '../wire/contract/completions.ts'
import { type AnswerStream, type ChunkStream, held } from './chat-stream.ts'

/** What a text completion is answered with. */
export type TextStream = AnswerStream<TextContract>

/** Holds an engine's own chunks to what was asked of it. `label`: how people know the engine. */
export function obeyText(
  batches: AsyncIterator<TextChunk[], void, void>,
  request: TextRequest,
  label: string,
): ChunkStream<TextContract> {
  const { stream, stream_options } = request
  const usage = stream ? Boolean(stream_options?.include_usage) : true
  const own = { source: 'engine', label, usageRequested: true, usage } as const
  return held(batches, new TextContract({ ...own, ...answersTo(request) }))
}

/** How many prompts there are, and how many answers to all of them. */
export function answersTo(request: TextRequest): { prompts: number; choices: number } {
  const prompts = promptsOf(request).length
  return { prompts, choices: prompts * (request.n ?? 1) }
}
