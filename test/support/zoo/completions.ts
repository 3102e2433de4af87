/** A completion as it should be, and those that break a rule which is told apart there. */
import { type Animal, type Fields, stream } from './animal.ts'

const envelope = { id: 'cmpl-1', object: 'text_completion', created: 1_790_000_000, model: 'zoo' }

function chunkOf(text: unknown, finish: string | null = null): Fields {
  return { ...envelope, choices: [{ index: 0, text, logprobs: null, finish_reason: finish }] }
}

const chunks = [...['One ', 'two ', 'three.'].map((word) => chunkOf(word)), chunkOf('', 'stop')]
const usage = {
  ...envelope,
  choices: [],
  usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
}

function frames(...all: Fields[]): string[] {
  return [...all.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n']
}

export const soundText = frames(...chunks, usage)

function changed(change: (chunk: Fields) => Fields): string[] {
  return frames(...chunks.map(change), usage)
}

export const texts: Animal[] = [
  {
    rule: 'chunk-object',
    script: stream(changed((chunk) => ({ ...chunk, object: 'text_completion.chunk' }))),
  },
  {
    rule: 'chunk-choices',
    script: stream(frames(chunkOf(undefined), ...chunks, usage)),
  },
  { rule: 'content-after-finish', script: stream(frames(...chunks, chunkOf('four.'), usage)) },
  { rule: 'finish-missing', script: stream(frames(...chunks.slice(0, -1), usage)) },
  { rule: 'usage-asked', script: stream(frames(...chunks)) },
  { rule: 'done-missing', script: stream(soundText.slice(0, -1)) },
]
